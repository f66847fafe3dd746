"""Memory: how much there may be, how much of it is used, when it will be full."""

from __future__ import annotations

from collections.abc import Mapping

from kvmon.model.metrics.catalogue import derived
from kvmon.model.metrics.sample import Sample
from kvmon.watch.derive.numbers import add, number

FARTHEST = 365 * 86_400.0
"""Seconds: a forecast beyond is no news."""


def memory(
    fields: Mapping[str, str], *, available: float | None, configured: tuple[int, str] | None, growth: float | None
) -> list[Sample]:
    """Limits, utilization and forecast.

    `available` is what of maxmemory is for data, in bytes, `configured` the limit that the configuration gives, and its source;
    `growth` bytes a second.
    """
    samples: list[Sample] = []
    size, source = configured if configured is not None else (None, "configured")
    most = number(fields, "maxmemory")
    limits = {
        "maxmemory": most,
        "available": available if available != most else None,
        source: None if size is None else float(size),
        "system": number(fields, "total_system_memory"),
    }
    for name, limit in limits.items():
        if limit:
            add(samples, derived.MEMORY_LIMIT, limit, name)
    used = number(fields, "used_memory")
    # Not the machine's memory: a container may have far less, and neighbours.
    most = available or limits[source]
    if used is None or not most:
        return samples
    add(samples, derived.MEMORY_UTILIZATION, used / most)
    if growth is not None and growth > 0.0:
        left = max(0.0, most - used) / growth
        if left <= FARTHEST:
            add(samples, derived.MEMORY_EXHAUSTION, left)
    return samples
