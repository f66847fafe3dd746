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

# fmt: off
_MANAGED: dict[str, tuple[float, tuple[int, int, int]]] = {
    #         GB     connections of M, B and X; 0: not sold
    "0":    (0.5,  (0,       15_000,  0)),
    "1":    (1,    (0,       15_000,  0)),
    "3":    (3,    (0,       15_000,  30_000)),
    "5":    (6,    (0,       15_000,  30_000)),
    "10":   (12,   (15_000,  30_000,  75_000)),
    "20":   (24,   (30_000,  75_000,  150_000)),
    "50":   (60,   (75_000,  150_000, 200_000)),
    "100":  (120,  (150_000, 200_000, 200_000)),
    "150":  (180,  (200_000, 200_000, 200_000)),
    "250":  (240,  (200_000, 200_000, 200_000)),
    "350":  (360,  (200_000, 200_000, 200_000)),
    "500":  (480,  (200_000, 200_000, 200_000)),
    "700":  (720,  (200_000, 200_000, 200_000)),
    "1000": (960,  (200_000, 200_000, 0)),
    "1500": (1440, (200_000, 0,       0)),
    "2000": (1920, (200_000, 0,       0)),
}
# fmt: on

AZURE_MANAGED = {
    f"{tier}{number}": Size(int(memory * GB), connections[place])
    for place, tier in enumerate("MBX")
    for number, (memory, connections) in _MANAGED.items()
    if connections[place]
}
"""Azure Managed Redis: memory optimized, balanced and compute optimized, the whole cache.

Connections: https://learn.microsoft.com/azure/redis/overview, "Maximum number of client connections".
"""
