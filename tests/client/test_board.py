"""What a client answers from what it was told, and for how long."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kvmon_client import AsyncClient, Verdict, slot_of
from kvmon_client.board import Board
from kvmon_client.documents import BROKEN
from kvmon_client.slots import SLOTS
from redis.crc import key_slot

from tests.client.doubles import Clock, board, breaker, document

THIRDS = [(0, 5460), (5461, 10_922), (10_923, 16_383)]


@given(st.binary() | st.builds(lambda a, b, c: a + b"{" + b + b"}" + c, st.binary(), st.binary(), st.binary()))
def test_slots_are_those_of_redis_py(key: bytes) -> None:
    assert slot_of(key) == key_slot(key)


@pytest.mark.parametrize(
    ("key", "slot"), [("123456789", 0x31C3), ("foo", 12_182), ("{user1000}.following", 3443), ("foo{}{bar}", 8363), ("", 0)]
)
def test_slots_of_known_keys(key: str, slot: int) -> None:
    assert slot_of(key) == slot


def sharded(states: list[str]) -> Board:
    it = board()
    rows = [
        breaker(state, shard=f"shard-{n}", slots=[list(ends)]) for n, (state, ends) in enumerate(zip(states, THIRDS, strict=True))
    ]
    it.snapshot(document(1, *rows))
    it.renew(10)
    return it


@given(st.text(), st.lists(st.sampled_from(["closed", "open", "unknown"]), min_size=3, max_size=3))
def test_a_key_is_answered_by_the_shard_that_owns_its_slot(key: str, states: list[str]) -> None:
    it = sharded(states)
    (owner,) = (n for n, (first, last) in enumerate(THIRDS) if first <= slot_of(key) <= last)
    assert it.ratio("it", "read", None, key) == {"closed": 1.0, "open": 0.0, "unknown": None}[states[owner]]
    assert it.verdict("it", "read", key=key).shard == f"shard-{owner}"


def test_without_a_key_the_worst_shard_answers_and_a_named_one_for_itself() -> None:
    it = sharded(["closed", "open", "unknown"])
    assert it.ratio("it", "read", None, None) == 0.0
    assert it.ratio("it", "read", "shard-0", None) == 1.0
    assert it.ratio("it", "read", "shard-9", None) is None
    assert it.ratio("it", "write", None, "key") is None


def test_a_slot_that_nobody_owns_is_unknown() -> None:
    it = board()
    it.snapshot(document(1, breaker("open", shard="a", slots=[[5, 9], 11, "20-30"])))
    it.renew(10)
    tags = {slot: str(n) for n in range(200_000) if (slot := slot_of(str(n))) < 40}
    found = {slot: it.ratio("it", "read", None, key) for slot, key in tags.items()}
    assert {slot for slot, ratio in found.items() if ratio == 0.0} == ({*range(5, 10), 11, *range(20, 31)} & tags.keys())
    assert it.ratio("it", "read", None, next(str(n) for n in range(SLOTS) if slot_of(str(n)) > 100)) is None


def test_a_lease_ends_by_the_monotonic_clock_and_watchers_hear_of_it_once() -> None:
    clock = Clock()
    it = board(clock)
    heard: list[tuple[str, str]] = []
    it.watch(lambda before, after: heard.append((before.state, after.state)))
    it.snapshot(document(1, breaker()))
    assert it.ratio("it", "read", None, None) is None, "nobody said yet for how long"
    it.renew(10)
    clock.now += 9.99
    assert it.ratio("it", "read", None, None) == 1.0
    it.expire()
    clock.now += 0.01
    assert it.ratio("it", "read", None, None) is None
    assert it.verdict("it", "read") == Verdict("it", "read")
    it.expire()
    it.expire()
    it.renew(10)
    it.change({"index": 2, "breaker": breaker("open")})
    it.change({"index": 2, "breaker": breaker("closed")})
    assert heard == [("unknown", "closed"), ("closed", "unknown"), ("unknown", "closed"), ("closed", "open")]


def test_a_watcher_that_fails_harms_nobody_and_one_that_left_is_not_called(caplog: pytest.LogCaptureFixture) -> None:
    it = board()
    heard: list[Verdict] = []
    it.watch(lambda *_: 1 / 0)
    end = it.watch(lambda _before, after: heard.append(after))
    it.snapshot(document(1, breaker()))
    it.renew(10)
    end()
    end()
    it.snapshot(document(2, breaker("open")))
    assert [verdict.state for verdict in heard] == ["closed"]
    assert "callback" in caplog.text


@pytest.mark.parametrize(
    ("row", "ratio"),
    [
        (breaker("half_open", advice="limit", permit_ratio=0.1), 0.1),
        (breaker("closed", advice="limit", permit_ratio=7), 1.0),
        (breaker("open", mode="shadow", advice="allow"), 1.0),
        (breaker("unknown", mode="forced_open", advice="deny"), 0.0),
        (breaker("unknown", mode="forced_closed"), 1.0),
        (breaker("unknown"), None),
        (breaker("open", permit_ratio="none", retry_after_ms=float("inf"), since=[], more={}), 0.0),
    ],
)
def test_advice_decides_and_unknown_is_for_the_caller(row: dict[str, Any], ratio: float | None) -> None:
    it = board()
    it.snapshot(document(1, row))
    it.renew(10)
    assert it.ratio("it", "read", None, None) == ratio


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text() | st.sampled_from([*breaker(), "slots"]), inner),
    max_leaves=8,
)


@given(json_values, json_values)
def test_whatever_a_document_holds_it_is_taken_whole_or_not_at_all(row: Any, index: Any) -> None:
    it = board()
    it.snapshot(document(1, breaker("open")))
    it.renew(10)
    for take, what in ((it.snapshot, {"breakers": [row], "index": index}), (it.change, {"breaker": row, "index": index})):
        before = it.verdicts
        try:
            take(what)
        except BROKEN:
            assert it.verdicts is before
    assert it.ratio("it", "read", None, None) in (0.0, None)


@pytest.mark.parametrize(("chance", "allowed"), [(0.0, True), (0.29, True), (0.3, False), (0.99, False)])
def test_of_a_limited_op_only_the_permitted_part_goes(chance: float, allowed: bool) -> None:
    client = AsyncClient("")
    client._board.snapshot(document(1, breaker("half_open", advice="limit", permit_ratio=0.3)))
    client._board.renew(10)
    client._board.chance = lambda: chance
    assert client.allow("it") is allowed
