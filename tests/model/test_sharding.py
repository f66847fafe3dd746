"""Each target is one process', and few move when there is one more."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvmon.model.targets.sharding import Part, owner, parse_part

NAMES = [f"target-{number}" for number in range(2_000)]


@given(st.text(), st.integers(1, 50))
def test_each_target_is_exactly_one_process(name: str, of: int) -> None:
    assert [Part(number, of).has(name) for number in range(1, of + 1)].count(True) == 1


def test_processes_have_like_shares_and_one_more_takes_only_its_own() -> None:
    before, after = ([owner(name, of) for name in NAMES] for of in (4, 5))
    assert all(400 < count < 600 for count in Counter(before).values())
    moved = [(old, new) for old, new in zip(before, after, strict=True) if old != new]
    assert {new for _, new in moved} == {5}
    assert 300 < len(moved) < 500


def test_who_has_what_is_the_same_for_ever() -> None:
    assert [owner(name, 3) for name in ("sessions", "orders", "cache.example.net")] == [1, 2, 1]


def test_a_part_is_written_or_read_off_the_hosts_name() -> None:
    assert parse_part("2/5", "anything") == Part(2, 5)
    assert str(parse_part("auto/3", "kvmon-0")) == "1/3"
    assert parse_part("auto/12", "kvmon-11") == Part(12, 12)


@pytest.mark.parametrize("text", ["", "2", "0/5", "6/5", "x/5", "2/0", "auto", "1/2/3", "-1/5", "2/99999"])
def test_what_is_no_part_is_said(text: str) -> None:
    with pytest.raises(ValueError, match="part"):
        parse_part(text, "kvmon-0")


def test_a_host_without_a_number_and_a_pod_too_many_are_said() -> None:
    with pytest.raises(ValueError, match="does not end in a number: write 1/3 to 3/3"):
        parse_part("auto/3", "laptop")
    with pytest.raises(ValueError, match="no part 4 of 3"):
        parse_part("auto/3", "kvmon-3")
