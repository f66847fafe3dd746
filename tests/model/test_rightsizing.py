"""The next smaller size of a family."""

from __future__ import annotations

from dataclasses import replace

import pytest

from kvmon.model.targets.address import Address
from kvmon.model.targets.providers import BY_NAME
from kvmon.model.targets.rightsizing import smaller_size
from kvmon.model.targets.target import Target

TARGET = Target("it", (Address("a", 1),))


@pytest.mark.parametrize(
    ("provider", "sku", "expected"),
    [
        ("azure-cache", "C3", ("C2", 2_000_000_000, 2_000)),
        ("azure-cache", "C0", None),
        ("azure-cache", "P1", None),
        ("azure-cache", "P2", ("P1", 4_800_000_000, 7_500)),
        ("azure-managed", "B10", ("B5", 4_800_000_000, 15_000)),
        ("azure-managed", "M10", None),
        ("self-hosted", "", None),
        ("azure-cache", "", None),
    ],
)
def test_it_is_of_the_same_family(provider: str, sku: str, expected: tuple[str, int, int | None] | None) -> None:
    found = smaller_size(replace(TARGET, provider=BY_NAME[provider], sku=sku))
    assert found == expected
