"""Memory: how much there may be, how much of it is used, when it will be full."""

from __future__ import annotations

from collections.abc import Mapping

from kvmon.model.metrics.catalogue import derived
from kvmon.model.metrics.sample import Sample
from kvmon.watch.derive.numbers import add, number

FARTHEST = 365 * 86_400.0
"""Seconds: a forecast beyond is no news."""


def memory(fields: Mapping[str, str], *, configured: int | None, growth: float | None) -> list[Sample]:
    """Limits, utilization and forecast; `configured` is the target's own limit in bytes, `growth` bytes a second."""
    samples: list[Sample] = []
    limits = {
        "maxmemory": number(fields, "maxmemory"),
        "configured": None if configured is None else float(configured),
        "system": number(fields, "total_system_memory"),
    }
    for source, size in limits.items():
        if size:
            add(samples, derived.MEMORY_LIMIT, size, source)
    used = number(fields, "used_memory")
    # Not the machine's memory: a container may have far less, and neighbours.
    limit = limits["maxmemory"] or limits["configured"]
    if used is None or not limit:
        return samples
    add(samples, derived.MEMORY_UTILIZATION, used / limit)
    if growth is not None and growth > 0.0:
        left = max(0.0, limit - used) / growth
        if left <= FARTHEST:
            add(samples, derived.MEMORY_EXHAUSTION, left)
    return samples
