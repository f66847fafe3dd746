"""Bytes in any pieces: replies or ProtocolBroken, never anything else."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvmon.errors import ProtocolBroken
from kvmon.model.conversation import Refusal, Reply
from kvmon.watch.wire.replies import Replies
from kvmon.watch.wire.shape import Shape

WORDS = st.text("abcDEF 019:._", min_size=1, max_size=20).map(lambda text: f"ERR {text}")
SCALARS = st.none() | st.integers(-(2**63), 2**63 - 1) | st.binary(max_size=60) | WORDS.map(lambda text: Refusal("ERR", text))
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=5), max_leaves=30)
FRAGMENTS = st.lists(
    st.binary(max_size=8)
    | st.sampled_from([b"\r\n", b"*", b"%", b"$", b"*2\r\n", b"*1\r\n" * 17, b"$-1\r\n", b"*99999999\r\n",
                       b"$5\r\n", b"+a\r\n", b":1\r\n", b"_\r\n", b",inf\r\n",
                       b"=6\r\n", b">1\r\n", b"~1\r\n", b"|1\r\n", b"%1\r\n*0\r\n"]),
    max_size=20,
).map(b"".join)  # fmt: skip


def encoded(value: Reply) -> bytes:
    if value is None:
        return b"$-1\r\n"
    if isinstance(value, Refusal):
        return b"-" + value.text.encode() + b"\r\n"
    if isinstance(value, bytes):
        return b"$%d\r\n%b\r\n" % (len(value), value)
    if isinstance(value, list):
        return b"*%d\r\n" % len(value) + b"".join(map(encoded, value))
    assert isinstance(value, int)
    return b":%d\r\n" % value


def pieces(data: bytes, cuts: Iterable[int]) -> list[bytes]:
    places = sorted({cut % (len(data) + 1) for cut in cuts} | {0, len(data)})
    return [data[start:end] for start, end in pairwise(places)]


CUTS = st.lists(st.integers(0, 10_000), max_size=12)


@given(st.lists(VALUES, min_size=1, max_size=6), CUTS)
def test_what_was_encoded_is_read_back(values: list[Reply], cuts: list[int]) -> None:
    data = b"".join(map(encoded, values))
    collected, shape = Replies(len(values)), Shape()
    done = [collected.feed(piece) for piece in pieces(data, cuts)]
    assert collected.replies == values
    assert done == [False] * (len(done) - 1) + [True]
    for piece in pieces(data, cuts):
        shape.feed(piece)
    assert (shape._open, shape._rest, shape._skip) == ([], b"", 0)


@given(FRAGMENTS, CUTS, st.integers(1, 4))
def test_any_bytes_are_replies_or_broken(data: bytes, cuts: list[int], count: int) -> None:
    collected, shape = Replies(count, limit=200), Shape()
    with contextlib.suppress(ProtocolBroken):
        for piece in pieces(data, cuts):
            if collected.feed(piece):
                break
    with contextlib.suppress(ProtocolBroken):
        for piece in pieces(data, cuts):
            shape.feed(piece)


def test_a_long_list_is_within_the_bounds() -> None:
    values: list[Reply] = [[b"key:%d" % number for number in range(20_000)]]
    collected = Replies(1)
    assert [collected.feed(piece) for piece in pieces(encoded(values[0]), range(0, 10_000, 3000))][-1]
    assert collected.replies == values


@pytest.mark.parametrize("cut", [1, 5, 100])
def test_a_list_that_hides_behind_a_text_without_its_end_takes_no_memory(cut: int) -> None:
    data = b"=8\r\ntxt:textno*1000000000\r\n"  # hiredis skips two bytes after a text, whatever they are
    replies = Replies(3)
    pieces = [data[begin : begin + cut] for begin in range(0, len(data), cut)]
    with pytest.raises(ProtocolBroken):
        any(map(replies.feed, pieces))
