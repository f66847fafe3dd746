"""A way to Datadog: what both of them do."""

from __future__ import annotations

from collections import Counter
from typing import NoReturn, Protocol

from kvmon.model.metrics.catalogue import datadog as rows
from kvmon.model.metrics.sample import Sample
from kvmon.tell.sinks.datadog.point import Event, Point, ServiceCheck

RESULTS = ("sent", "overflow", "expired", "socket", "refused", "not_a_number")
"""What becomes of a point: taken by the kernel or by Datadog; no room in the queue; too old; not taken by the socket; turned down
by Datadog; left out as it is no number. Service checks and events are counted with the points."""


class Outlet(Protocol):
    """Takes points at once, and delivers them in its own time. `at` is wall seconds."""

    paced: bool
    """Whether what comes in bursts is lost unseen."""

    def send(self, point: Point, at: float) -> None:
        """Take one point; never waits."""

    def check(self, check: ServiceCheck, at: float) -> None:
        """Take one service check; never waits."""

    def event(self, event: Event, at: float) -> None:
        """Take one event; never waits."""

    async def end_push(self) -> None:
        """The push is complete."""

    def samples(self) -> list[Sample]:
        """What became of everything so far."""

    async def run(self) -> NoReturn:
        """Deliver until cancelled."""

    async def close(self) -> None:
        """Deliver what can be delivered in a moment, and end."""


def tallied(results: Counter[str], *, waiting: int, last_success: float | None) -> list[Sample]:
    """Samples that every outlet has. `waiting` points are in the queue; `last_success` is wall seconds, None before any."""
    found = [Sample(rows.POINTS, results[result], (result,)) for result in RESULTS]
    found.append(Sample(rows.QUEUE, waiting))
    if last_success is not None:
        found.append(Sample(rows.SUCCESS, last_success))
    return found
