"""A notifier's whole configuration, as values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from kvmon.tell.notify.inhibit import InhibitRule
from kvmon.tell.notify.intervals import Interval, holding
from kvmon.tell.notify.receivers.integration import Integration
from kvmon.tell.notify.route import Route


@dataclass(frozen=True, slots=True)
class Receiver:
    """A name and the ways by which it is told."""

    name: str
    integrations: tuple[Integration, ...] = ()

    def ways(self) -> list[tuple[str, Integration]]:
        """Each way with what it is called in the journal: `team/webhook/0`."""
        counts: dict[str, int] = {}
        found: list[tuple[str, Integration]] = []
        for integration in self.integrations:
            number = counts.setdefault(integration.kind, 0)
            counts[integration.kind] += 1
            found.append((f"{self.name}/{integration.kind}/{number}", integration))
        return found


@dataclass(frozen=True, slots=True)
class Routing:
    """Routes, receivers and inhibition. `external_url` is where this kvmon is seen from outside."""

    route: Route
    receivers: Mapping[str, Receiver]
    inhibit: tuple[InhibitRule, ...] = ()
    intervals: Mapping[str, tuple[Interval, ...]] = field(default_factory=dict)
    external_url: str = ""
    original: str = field(default="", repr=False)
    """The configuration as text without secrets, for whoever asks."""

    def muted_by(self, route: Route, now: float) -> tuple[str, ...]:
        """Names of the intervals for which a route tells nothing at this moment (wall seconds); empty where it tells."""
        if route.active and not holding(route.active, self.intervals, now):
            return route.active
        return holding(route.mute, self.intervals, now)
