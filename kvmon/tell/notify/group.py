"""Whether a group has something new to tell: Alertmanager's rules of deduplication."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from kvmon.tell.notify.held import Held

FIRST = "first notification"
ADDED = "new alerts added"
ALL_RESOLVED = "all alerts resolved"
SOME_RESOLVED = "some alerts resolved"
REPEAT = "repeat interval elapsed"


@dataclass(frozen=True, slots=True)
class Told:
    """What was last told of a group through one integration: fingerprints, and when (wall seconds)."""

    firing: frozenset[str]
    resolved: frozenset[str]
    at: float

    def to_json(self) -> str:
        """A row of the journal."""
        return json.dumps({"firing": sorted(self.firing), "resolved": sorted(self.resolved), "at": self.at})

    @classmethod
    def from_json(cls, text: str) -> Told:
        """Of a row of the journal."""
        row = json.loads(text)
        return cls(frozenset(row["firing"]), frozenset(row["resolved"]), row["at"])


def told(alerts: Sequence[Held], now: float) -> Told:
    """What telling these now comes to."""
    resolved = frozenset(alert.fingerprint for alert in alerts if alert.resolved(now))
    return Told(frozenset(alert.fingerprint for alert in alerts) - resolved, resolved, now)


def reason_to_tell(before: Told | None, news: Told, *, send_resolved: bool, repeat_interval: float) -> str:
    """Why the group is told now; empty where it is not.

    Resolved alerts that nobody was told of are no news. That all are resolved is noted even where it is not sent.
    """
    if before is None:
        return FIRST if news.firing else ""
    if not news.firing <= before.firing:
        return ADDED if before.firing else FIRST
    if not news.firing:
        return ALL_RESOLVED if before.firing else ""
    if send_resolved and not news.resolved <= before.resolved:
        return SOME_RESOLVED
    return REPEAT if before.at < news.at - repeat_interval else ""
