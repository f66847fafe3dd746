"""How a client follows the daemon, played against doubles: streams, long polls, the file, and all that breaks."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kvmon_client.board import Board
from kvmon_client.daemon_file import DaemonFile
from kvmon_client.follow import Follower
from kvmon_client.http import server_of

from tests.client.doubles import STREAM, Clock, Piece, Play, answer, board, breaker, document, event

SERVER = server_of("http://daemon:9121")


def follower(over: Board, file: DaemonFile | None = None) -> Any:
    return Follower(over, server=SERVER, file=file).run()


def test_a_stream_gives_a_snapshot_then_changes_and_heartbeats_renew_the_lease() -> None:
    clock = Clock()
    it = board(clock)

    def script(first: str, *_: object) -> Iterator[Piece]:
        if first == "CONNECT":
            return
        yield STREAM + event("snapshot", document(3, breaker()), 3)
        yield event("change", {"index": 4, "breaker": breaker("open")}, 4)
        for _beat in range(10):
            yield 2.0
            yield event("heartbeat", {"index": 4, "valid_for_ms": 10_000}, 4)

    play = Play(script, clock)
    play.run(follower(it), lambda: clock.now >= 1_020.0 and it.valid_until >= 1_030.0)
    assert play.requests == ["GET /v1/events HTTP/1.1"]
    assert it.ratio("it", "read", None, None) == 0.0
    assert (it.boot, it.index) == ("boot", 4)


def test_a_broken_stream_is_resumed_by_its_last_id() -> None:
    clock, ids = Clock(), []
    it = board(clock)

    def script(first: str, headers: dict[str, str], _body: bytes) -> Iterator[Piece]:
        if first == "CONNECT":
            return
        ids.append(headers.get("Last-Event-ID"))
        if len(ids) == 1:
            yield STREAM + event("snapshot", document(7, breaker()), 7)
            yield ConnectionResetError("gone")
        yield STREAM + event("change", {"index": 8, "breaker": breaker("open")}, 8)
        yield 3.0

    Play(script, clock).run(follower(it), lambda: it.index == 8)
    assert ids == [None, "boot-7"]
    assert it.verdict("it", "read").state == "open"


def test_a_silent_stream_is_given_up_before_the_lease_ends() -> None:
    clock, asked = Clock(), []
    it = board(clock)

    def script(first: str, *_: object) -> Iterator[Piece]:
        if first == "CONNECT":
            return
        asked.append(clock.now)
        yield STREAM + event("snapshot", document(1, breaker()), 1)
        yield 3600.0

    Play(script, clock).run(follower(it), lambda: len(asked) == 2)
    assert asked[1] - asked[0] < 10


@pytest.mark.parametrize(
    "refusal",
    [
        answer(b"no such path", "404 Not Found"),
        answer(b"too many follow", "503 Service Unavailable"),
        answer(b"<html>", Content_Type="text/html"),
        STREAM,
    ],
)
def test_without_a_stream_it_polls_and_long_polls_renew_the_lease(refusal: bytes) -> None:
    clock = Clock()
    it = board(clock)

    def script(first: str, headers: dict[str, str], _body: bytes) -> Iterator[Piece]:
        if first == "CONNECT":
            return
        if "/v1/events" in first:
            yield refusal
        elif "index=" not in first:
            yield answer(document(5, breaker()), ETag='"boot-5"', Kvmon_Valid_For="10000")
        else:
            assert headers["If-None-Match"] == '"boot-5"'
            yield 4.0
            yield answer(b"", "304 Not Modified", Kvmon_Valid_For="10000")

    play = Play(script, clock)
    play.run(follower(it), lambda: clock.now > 1_040.0)
    assert play.requests[:3] == [
        "GET /v1/events HTTP/1.1", "GET /v1/breakers HTTP/1.1", "GET /v1/breakers?index=5&wait=4s HTTP/1.1",
    ]  # fmt: skip
    assert it.ratio("it", "read", None, None) == 1.0
    assert len(play.requests) < 20


def test_a_stream_whose_head_a_proxy_withholds_becomes_polls() -> None:
    clock = Clock()
    it = board(clock)

    def script(first: str, *_: object) -> Iterator[Piece]:
        if "/v1/events" in first:
            yield 3600.0
        elif first != "CONNECT":
            yield answer(document(5, breaker("open")))

    Play(script, clock).run(follower(it), lambda: it.index == 5)
    assert it.ratio("it", "read", None, None) == 0.0


def test_answers_that_do_not_wait_are_not_asked_in_a_circle() -> None:
    clock = Clock()
    it = board(clock)

    def script(first: str, *_: object) -> Iterator[Piece]:
        if first != "CONNECT":
            yield answer(document(5, breaker())) if "/v1/breakers" in first else answer(b"", "404 Not Found")

    play = Play(script, clock)
    play.run(follower(it), lambda: clock.now > 1_010.0)
    assert len(play.requests) < 20


def test_a_daemon_that_is_away_is_tried_again_soon_and_never_hastily() -> None:
    clock = Clock()
    it = board(clock)

    def script(_first: str, *_: object) -> Iterator[Piece]:
        yield ConnectionRefusedError("nobody listens")

    play = Play(script, clock)
    play.run(follower(it), lambda: clock.now > 1_100.0)
    assert all(0.1 <= rest <= 5.0 for rest in play.rests)
    assert max(play.rests) > 2.0
    assert it.ratio("it", "read", None, None) is None


def test_a_daemon_that_refuses_is_told_of_once(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()

    def script(first: str, *_: object) -> Iterator[Piece]:
        if first != "CONNECT":
            yield answer(b"", "401 Unauthorized")

    Play(script, clock).run(follower(board(clock)), lambda: clock.now > 1_060.0)
    assert caplog.text.count("status 401") == 1


def test_another_daemon_may_count_from_the_beginning() -> None:
    clock, asked = Clock(), []
    it = board(clock)

    def script(first: str, *_: object) -> Iterator[Piece]:
        if first == "CONNECT":
            return
        asked.append(first)
        if len(asked) == 1:
            yield STREAM + event("snapshot", document(90, breaker("open")), 90)
            return
        yield STREAM + event("snapshot", document(1, breaker(), epoch="another"), 1)
        yield event("change", {"index": 2, "breaker": breaker(op="write")}, 2)
        yield 1.0

    Play(script, clock).run(follower(it), lambda: it.index == 2)
    assert it.ratio("it", "read", None, None) == 1.0


def test_a_change_that_never_came_is_noticed_by_heartbeats_and_asked_for_once() -> None:
    clock = Clock()
    it = board(clock)
    starts: list[str | None] = []

    def script(first: str, headers: dict[str, str], _body: bytes) -> Iterator[Piece]:
        if first == "CONNECT":
            return
        starts.append(headers.get("Last-Event-ID"))
        yield STREAM + event("snapshot", document(4, breaker("open")) if len(starts) == 1 else document(5), 5)
        for _beat in range(10):
            yield 2.0
            yield event("heartbeat", {"index": 6, "valid_for_ms": 10_000}, 6)

    Play(script, clock).run(follower(it), lambda: clock.now > 1_020.0)
    assert starts == [None, None]
    assert it.ratio("it", "read", None, None) is None, "the breaker is no more"


BROKEN = [
    b"event: snapshot\ndata: {}\n\n",
    b"event: snapshot\ndata: [1, 2\n\n",
    b'event: change\ndata: {"index": 9, "breaker": 7}\n\n',
    b'event: heartbeat\ndata: {"index": true}\n\n',
    b"event: snapshot\ndata: " + b"[" * 100_000 + b"\n\n",
    b"event: snapshot\ndata: " + json.dumps(document(1, {"target": 1})).encode() + b"\n\n",
]


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_event_harms_nothing_and_the_last_verdicts_stay(broken: bytes) -> None:
    clock = Clock()
    it = board(clock)
    asked: list[str] = []

    def script(first: str, *_: object) -> Iterator[Piece]:
        if first == "CONNECT":
            return
        asked.append(first)
        yield STREAM + event("snapshot", document(3, breaker("open")), 3) + broken

    Play(script, clock).run(follower(it), lambda: len(asked) == 3)
    assert it.ratio("it", "read", None, None) == 0.0


def test_the_file_speaks_while_the_daemon_cannot_be_asked() -> None:
    clock = Clock()
    it = board(clock)

    def wall() -> float:
        return clock.now + 1e9

    def file() -> bytes:
        return json.dumps(document(4, breaker("open"), boot="boot", written_at=wall() - 0.5)).encode()

    def script(_first: str, *_: object) -> Iterator[Piece]:
        yield ConnectionRefusedError("nobody listens")

    play = Play(script, clock, file)
    play.run(follower(it, DaemonFile(Path("breakers.json"), it, wall=wall)), lambda: clock.now > 1_060.0)
    assert it.ratio("it", "read", None, None) == 0.0
    assert max(play.rests) <= 1.0


def test_a_file_that_is_written_no_more_is_believed_until_its_lease_ends_and_not_a_moment_longer() -> None:
    clock = Clock()
    it = board(clock)
    written_at = clock.now - 3
    text = json.dumps(document(4, breaker("open"), boot="boot", written_at=written_at)).encode()
    file = DaemonFile(Path("breakers.json"), it, wall=clock)
    for _ in range(40):
        file.take(text)
        assert it.ratio("it", "read", None, None) == (0.0 if clock.now < written_at + 10 else None)
        clock.now += 0.5


def test_a_wall_clock_that_jumped_is_no_reason_to_believe_an_old_file_or_not_a_new_one() -> None:
    clock = Clock()
    it = board(clock)
    file = DaemonFile(Path("breakers.json"), it, wall=lambda: clock.now - 500)
    text = [json.dumps(document(4, breaker("open"), boot="boot", written_at=clock.now + n)).encode() for n in range(2)]
    file.take(text[0])
    assert it.ratio("it", "read", None, None) is None
    clock.now += 2
    file.take(text[1])  # it was written since the last look: no more than two seconds ago
    assert it.ratio("it", "read", None, None) == 0.0
    assert it.valid_until == clock.now + 8


def test_an_older_file_does_not_take_back_what_the_stream_said() -> None:
    clock = Clock()
    it = board(clock)
    it.snapshot(document(9, breaker("open")))
    it.renew(10)
    file = DaemonFile(Path("breakers.json"), it, wall=clock)
    clock.now += 9
    file.take(json.dumps(document(8, breaker(), boot="boot", written_at=clock.now)).encode())
    assert it.ratio("it", "read", None, None) == 0.0
    file.take(json.dumps(document(10, breaker(), boot="boot", written_at=clock.now - 0.1)).encode())
    assert it.ratio("it", "read", None, None) == 1.0, "this one is newer"
