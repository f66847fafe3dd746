"""How much of what is paid for is used, and whether the next smaller size would do. Estimates, and shown as such."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kvmon.model.metrics.catalogue import derived
from kvmon.model.metrics.sample import Sample
from kvmon.model.targets.rightsizing import ROOM
from kvmon.tell.server.pages.findings import Families


@dataclass(frozen=True, slots=True)
class Sizing:
    """The peak of the last hour by the limit; `memory` and `clients` by what the next smaller size allows (`sku`).

    Of the fullest node, 0..1; None where not known. No sku: there is no smaller size.
    """

    peak: float | None
    sku: str = ""
    memory: float | None = None
    clients: float | None = None

    @property
    def would_do(self) -> bool:
        """Whether the smaller size has room for the peaks that were seen."""
        return self.memory is not None and max(self.memory, self.clients or 0.0) <= ROOM


def sizing(given: Families) -> Sizing | None:
    """Of one target; None where there is no limit to compare with."""
    peaks = given.get(derived.MEMORY_PEAK.name, ())
    smaller = given.get(derived.SMALLER_MEMORY.name, ())
    if not peaks and not smaller:
        return None
    sku = smaller[0].labels[-1] if smaller else ""
    return Sizing(_most(peaks), sku, _most(smaller), _most(given.get(derived.SMALLER_CLIENTS.name, ())))


def _most(samples: Sequence[Sample]) -> float | None:
    return max((sample.value for sample in samples), default=None)
