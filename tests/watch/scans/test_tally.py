"""Counts are exact, and estimates are within what they say of themselves."""

from __future__ import annotations

import json
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from kvmon.watch.scans.tally import Look, Tally, summary

LOOKS = st.builds(
    Look,
    st.sampled_from(["string", "set"]),
    st.none() | st.integers(0, 2**40),
    st.none() | st.floats(0, 1e9),
    st.none() | st.integers(0, 2**31),
)


def told(sizes: list[int], full: int) -> Tally:
    tally = Tally(full)
    for number, size in enumerate(sizes):
        place = tally.meet(f"session:{number}".encode())
        if place is not None:
            tally.look(place, Look("string", size, None if number % 3 else 100.0, None))
    return tally


def test_what_is_small_is_exact() -> None:
    found = summary([told([10, 20, 30], 100), told([40] * 50, 100)])

    assert (found.keys, found.looked) == (53, 53)
    assert found.memory == (2060, 0)
    assert found.lasting == (2 + 33, 0)
    assert found.within[600] == 1 + 17
    assert found.elements is None


def test_the_truth_is_within_the_error_19_times_of_20() -> None:
    hits = 0
    for seed in range(60):
        random = Random(seed)
        sizes = [round(random.lognormvariate(5, 1)) for _ in range(10_000)]
        found = summary([told(sizes, 100)]).memory
        assert found is not None
        assert found.error < found.value / 3
        hits += abs(found.value - sum(sizes)) <= found.error
    assert hits >= 54, f"{hits} of 60"


def test_a_million_keys_need_few_looks() -> None:
    found = summary([told([1] * 300_000, 100)])

    assert found.keys == 300_000
    assert 500 < found.looked < 3_000


def test_keys_that_are_only_counted_are_not_looked_at() -> None:
    tally = Tally(0)
    assert [tally.meet(b"a"), tally.meet(b"b")] == [None, None]
    assert tally.keys == 2


@given(st.lists(LOOKS, max_size=30), st.integers(1, 5))
def test_what_is_written_down_is_read_again(looks: list[Look], full: int) -> None:
    tally = Tally(full)
    for number, look in enumerate(looks):
        place = tally.meet(str(number).encode())
        if place is not None:
            tally.look(place, look)

    again = Tally.read(json.loads(json.dumps(tally.document())))

    assert summary([again]) == summary([tally])
