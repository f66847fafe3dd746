"""When a destination is ready, and why not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from kvmon.diagnose.migration.options import MigrationOptions
from kvmon.diagnose.migration.readiness import Extent, Sampled, Samples, State, needed, reasons
from kvmon.diagnose.migration.verdicts import Pair, difference, lasting
from kvmon.watch.scans.contents import ABSENT, Content

OPTIONS = MigrationOptions(source="old", destination="new", tolerance=0.01, mode="replicate")
GOOD = State(looked=1000, sought=1000, source=Extent(10_000, 1), destination=Extent(10_000, 50, 100))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, []),
        ({"failure": "it is down"}, ["unreachable"]),
        ({"source": None}, ["unreachable"]),
        ({"looked": 299}, ["comparing"]),
        ({"differences": {"missing": 10}}, []),
        ({"differences": {"missing": 11, "ttl": 12}}, ["missing", "ttl"]),
        ({"differences": {"extra": 11}}, ["extra"]),
        ({"destination": Extent(9_799, 50, 100)}, ["size"]),
        ({"destination": Extent(10_201, 50, 100)}, ["size"]),
        ({"destination": Extent(10_000, 91, 100)}, ["memory"]),
        ({"destination": Extent(10_000, 91, None)}, []),
        ({"evicted": 1}, ["evicting"]),
        ({"lag": 0.9}, []),
        ({"lag": 1.1}, ["lag"]),
        ({"lag": 6.0, "lost": True}, ["lag"]),
    ],
)
def test_every_reason_has_its_limit(change: dict[str, Any], expected: list[str]) -> None:
    assert list(reasons(OPTIONS, replace(GOOD, **change))) == expected


def test_a_copy_may_have_keys_of_its_own() -> None:
    blue_green = OPTIONS.model_copy(update={"mode": "blue-green"})
    state = replace(GOOD, differences={"extra": 500}, destination=Extent(20_000, 50, 100))
    assert not reasons(blue_green, state)
    assert list(reasons(blue_green, replace(state, destination=Extent(5_000, 1)))) == ["size"]


def test_few_keys_are_compared_three_times_over() -> None:
    assert needed(OPTIONS, 1_000_000) == 300
    assert needed(OPTIONS, 30) == 60
    assert needed(OPTIONS, 3) == 0


def test_old_samples_are_forgotten_but_counted() -> None:
    samples = Samples()
    for at in (0.0, 5.0, 20.0):
        samples.add(Sampled(at, 100, 50, {"value": 1}), 15.0)
    assert samples.sums() == (200, 100, {"value": 2})
    assert (samples.compared, samples.total["value"]) == (300, 3)


IT = Content("string", 100.0, 3, b"abc")
OTHER = Content("string", 100.0, 3, b"xyz")


def test_the_first_of_type_value_and_expiry_counts() -> None:
    assert difference(Pair(ABSENT, ABSENT), 5) is None
    assert difference(Pair(IT, IT), 5) is None
    assert difference(Pair(IT, ABSENT), 5) == "missing"
    assert difference(Pair(ABSENT, IT), 5) == "extra"
    assert difference(Pair(IT, Content("list")), 5) == "type"
    assert difference(Pair(IT, OTHER), 5) == "value"
    assert difference(Pair(IT, replace(IT, size=4)), 5) == "value"
    assert difference(Pair(IT, replace(IT, ttl=105.0)), 5) is None
    assert difference(Pair(IT, replace(IT, ttl=105.1)), 5) == "ttl"
    assert difference(Pair(IT, replace(IT, ttl=None)), 5) == "ttl"


def test_a_difference_lasts_if_the_source_stayed_or_the_destination_never_moves() -> None:
    assert lasting(2, Pair(IT, ABSENT), Pair(IT, ABSENT)) is True
    assert lasting(2, Pair(IT, OTHER), Pair(OTHER, ABSENT)) is None, "it has just been written"
    assert lasting(3, Pair(IT, ABSENT), Pair(OTHER, ABSENT)) is True
    assert lasting(3, Pair(IT, OTHER), Pair(OTHER, IT)) is False, "both move"
