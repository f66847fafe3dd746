"""What providers sell: memory and connections of each size, where their servers do not tell."""

from __future__ import annotations

from typing import NamedTuple

GB = 1_000_000_000


class Size(NamedTuple):
    """`memory` in bytes, what is not for data included; `connections` at most, None where that is not published."""

    memory: int
    connections: int | None = None


# fmt: off
AZURE_CACHE = {
    #            memory              connections
    "C0": Size(250_000_000,            256),
    "C1": Size(1 * GB,               1_000),
    "C2": Size(2_500_000_000,        2_000),
    "C3": Size(6 * GB,               5_000),
    "C4": Size(13 * GB,             10_000),
    "C5": Size(26 * GB,             15_000),
    "C6": Size(53 * GB,             20_000),
    "P1": Size(6 * GB,               7_500),
    "P2": Size(13 * GB,             15_000),
    "P3": Size(26 * GB,             30_000),
    "P4": Size(53 * GB,             40_000),
    "P5": Size(120 * GB,            40_000),
}
"""Azure Cache for Redis, a shard of it."""
# fmt: on

_MANAGED_GB = {
    "0": 0.5, "1": 1, "3": 3, "5": 6, "10": 12, "20": 24, "50": 60, "100": 120, "150": 180, "250": 240, "350": 360, "500": 480,
    "700": 720, "1000": 960, "1500": 1440, "2000": 1920,
}  # fmt: skip
_TIERS = (
    ("M", ("10", "20", "50", "100", "150", "250", "350", "500", "700", "1000", "1500", "2000")),
    ("B", ("0", "1", "3", "5", "10", "20", "50", "100", "150", "250", "350", "500", "700", "1000")),
    ("X", ("3", "5", "10", "20", "50", "100", "150", "250", "350", "500", "700")),
)

AZURE_MANAGED = {f"{tier}{number}": Size(int(_MANAGED_GB[number] * GB)) for tier, numbers in _TIERS for number in numbers}
"""Azure Managed Redis: memory optimized, balanced and compute optimized, the whole cache."""
