"""How much of what is paid for is needed: peaks of the last hour against the limits, and against the next smaller size."""

from __future__ import annotations

from typing import NamedTuple

from kvmon.model.metrics.catalogue import derived
from kvmon.model.metrics.sample import Sample
from kvmon.model.targets.rightsizing import Smaller
from kvmon.watch.derive.numbers import add


class Peaks(NamedTuple):
    """The most memory that was used, in bytes, and the most clients that there were."""

    memory: float | None = None
    clients: float | None = None


def sizing(peaks: Peaks, *, limit: float | None, clients: float | None, smaller: Smaller | None) -> list[Sample]:
    """`limit` is what may be used for data, in bytes, `clients` how many there may be."""
    samples: list[Sample] = []
    if peaks.memory is not None and limit:
        add(samples, derived.MEMORY_PEAK, peaks.memory / limit)
    if peaks.clients is not None and clients:
        add(samples, derived.CLIENTS_PEAK, peaks.clients / clients)
    if smaller is not None:
        if peaks.memory is not None:
            add(samples, derived.SMALLER_MEMORY, peaks.memory / smaller.data, smaller.sku)
        if peaks.clients is not None and smaller.connections:
            add(samples, derived.SMALLER_CLIENTS, peaks.clients / smaller.connections, smaller.sku)
    return samples
