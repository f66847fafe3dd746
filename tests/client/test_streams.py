"""Bytes in pieces of any size: events of a stream, and answers of HTTP."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kvmon_client.http import AnswerReader, BrokenAnswer, server_of
from kvmon_client.sse import LONGEST, Event, EventReader

texts = st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]))
words = st.text(st.characters(exclude_characters="\r\n\0", exclude_categories=["Cs"]), min_size=1)
events = st.tuples(words, st.lists(texts, min_size=1, max_size=3), words | st.none(), st.booleans())


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    places = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    return [data[start:end] for start, end in pairwise(places)]


@given(st.lists(events), st.sampled_from(["\n", "\r\n", "\r"]), st.lists(st.integers(min_value=0), max_size=12), st.booleans())
def test_events_arrive_whole_however_they_are_cut(
    sent: list[tuple[str, list[str], str | None, bool]], end: str, cuts: list[int], mark: bool
) -> None:
    text, expected, last = "\ufeff" if mark else "", [], ""
    for kind, data, name, comment in sent:
        lines = [":keep going"] if comment else []
        lines += [f"event: {kind}", *(f"data: {line}" for line in data)]
        if name is not None:
            lines.append(f"id: {name}")
            last = name
        text += end.join([*lines, "", ""])
        expected.append(Event(kind, "\n".join(data), last))
    reader = EventReader()
    assert [event for piece in pieces(text.encode(), cuts) for event in reader.feed(piece)] == expected


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        (b"data\n\ndata\ndata\n\ndata:", [("message", ""), ("message", "\n")]),
        (b"data:test\n\ndata: test\n\n", [("message", "test"), ("message", "test")]),
        (b": nothing\n\nevent: x\n\nretry: 5\nevent\ndata: y\n\n", [("message", "y")]),
        (b"data: \xff\n\n", [("message", "\ufffd")]),
    ],
)
def test_the_examples_of_the_standard(stream: bytes, expected: list[tuple[str, str]]) -> None:
    assert [(event.kind, event.data) for event in EventReader().feed(stream)] == expected


def test_an_event_without_end_is_refused() -> None:
    reader = EventReader()
    line = b"data: " + b"x" * (LONGEST // 4) + b"\n"
    assert reader.feed(4 * line) == []
    with pytest.raises(ValueError, match="too long"):
        reader.feed(line + b"data:")


CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

bodies = st.binary(max_size=200)


cut_places = st.lists(st.integers(min_value=0), max_size=12)


@given(bodies, cut_places, st.sampled_from(["length", "chunked", "close"]), cut_places)
def test_a_body_arrives_whole_however_it_is_framed_and_cut(body: bytes, cuts: list[int], framing: str, ends: list[int]) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n"
    if framing == "length":
        wire = head + b"content-length: %d\r\n\r\n" % len(body) + body
    elif framing == "close":
        wire = head + b"\r\n" + body
    else:
        chunks = [chunk for chunk in pieces(body, ends) if chunk]
        framed = b"".join(b"%x;note=1\r\n%s\r\n" % (len(chunk), chunk) for chunk in chunks)
        wire = head + b"Transfer-Encoding: chunked\r\n\r\n" + framed + b"0\r\n\r\n"
    reader = AnswerReader()
    assert b"".join(reader.feed(piece) for piece in pieces(wire, cuts)) == body
    reader.end()
    assert (reader.status, reader.complete, reader.headers["content-type"]) == (200, True, "text/plain")


@given(st.binary(max_size=100))
def test_whatever_answers_it_is_an_answer_or_broken(data: bytes) -> None:
    for head in (b"", CHUNKED):
        reader = AnswerReader()
        try:
            reader.feed(head + data)
            reader.end()
        except BrokenAnswer:
            continue
        assert reader.complete


@pytest.mark.parametrize(
    "wire",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabc",
        b"",
        b"HTTP/1.1 2",
    ],
)
def test_an_answer_that_ends_in_the_middle_is_broken(wire: bytes) -> None:
    reader = AnswerReader()
    reader.feed(wire)
    with pytest.raises(BrokenAnswer):
        reader.end()


def test_what_stands_before_the_answer_is_passed_over() -> None:
    reader = AnswerReader()
    assert reader.feed(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n") == b""
    assert (reader.status, reader.complete) == (204, True)


def test_credentials_go_with_requests_and_show_nowhere() -> None:
    for server in (server_of("http://user:p%40ss@daemon:9121/kvmon"), server_of("https://[::1]", "tok-en")):
        assert b"Authorization: " in server.request("GET", "/v1/breakers")
        assert not [secret for secret in ("p@ss", "p%40ss", "user", "tok-en", "Basic", "Bearer") if secret in repr(server)]
    assert repr(server_of("http://user:pass@daemon/kvmon/")) == "http://daemon:80/kvmon"


@pytest.mark.parametrize(
    "url", ["secret:9121", "http://secret:port", "ftp://secret", "http://:9121/x", "http://daemon/secret secret"]
)
def test_an_address_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"address|Port"):
        server_of(url)
    with pytest.raises(ValueError, match="token") as refusal:
        server_of("http://daemon", "sec\nret")
    assert "sec" not in str(refusal.value)
