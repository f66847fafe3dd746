"""How much of what is paid for is needed: the peak of the last hour against the limit, and against the next smaller size."""

from __future__ import annotations

from collections.abc import Mapping

from kvmon.model.metrics.catalogue import derived
from kvmon.model.metrics.sample import Sample
from kvmon.model.targets.rightsizing import Smaller
from kvmon.watch.derive.numbers import add, number


def sizing(fields: Mapping[str, str], *, peak: float | None, limit: float | None, smaller: Smaller | None) -> list[Sample]:
    """`peak` is the most memory that was used, `limit` what may be used for data, in bytes."""
    samples: list[Sample] = []
    if peak is not None and limit:
        add(samples, derived.MEMORY_PEAK, peak / limit)
    if smaller is not None:
        if peak is not None:
            add(samples, derived.SMALLER_MEMORY, peak / smaller.data, smaller.sku)
        clients = number(fields, "connected_clients")
        if clients is not None and smaller.connections:
            add(samples, derived.SMALLER_CLIENTS, clients / smaller.connections, smaller.sku)
    return samples
