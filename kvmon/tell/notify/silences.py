"""Silences: who silenced what until when, and what may be changed about it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from kvmon.tell.notify.matchers import Matcher, Op, make_matcher, matches_all

RETENTION = 120 * 3600.0
"""Seconds that an expired silence is still shown, as in Alertmanager."""


class SilenceRefused(ValueError):
    """It makes no sense; the text says why, in Alertmanager's words."""


@dataclass(frozen=True, slots=True)
class Silence:
    """Alerts that fulfil all matchers are not told between two moments (wall seconds)."""

    id: str
    matchers: tuple[Matcher, ...]
    starts_at: float
    ends_at: float
    created_by: str = ""
    comment: str = ""
    updated_at: float = 0.0

    def state(self, now: float) -> str:
        """pending, active or expired."""
        if self.ends_at <= now:
            return "expired"
        return "pending" if self.starts_at > now else "active"

    def mutes(self, labels: Mapping[str, str], now: float) -> bool:
        """Whether it holds back alerts with these labels now."""
        return self.starts_at <= now < self.ends_at and matches_all(self.matchers, labels)

    def expired(self, now: float) -> Silence:
        """The same, ended now."""
        return replace(self, starts_at=min(self.starts_at, now), ends_at=now, updated_at=now)

    def to_json(self) -> str:
        """A row of the journal."""
        return json.dumps(
            {
                "matchers": [[one.name, one.op, one.value] for one in self.matchers], "starts_at": self.starts_at,
                "ends_at": self.ends_at, "created_by": self.created_by, "comment": self.comment, "updated_at": self.updated_at,
            }
        )  # fmt: skip

    @classmethod
    def from_json(cls, ident: str, text: str) -> Silence:
        """Of a row of the journal."""
        row: dict[str, Any] = json.loads(text)
        matchers = tuple(make_matcher(name, Op(op), value) for name, op, value in row.pop("matchers"))
        return cls(ident, matchers, **row)


def settle(new: Silence, before: Silence | None, now: float, fresh: str) -> tuple[Silence, ...]:
    """What is to be written so that `new` holds: first the silence as it is now, then an older one that it ends.

    `before` is the one with its id, `fresh` an id to be used where it cannot be changed in place. Raises SilenceRefused.
    """
    _check(new, now)
    if before is not None and _can_change(before, new, now):
        return (replace(new, updated_at=now),)
    made = replace(new, id=fresh, starts_at=max(new.starts_at, now), updated_at=now)
    if before is None or before.state(now) == "expired":
        return (made,)
    return (made, before.expired(now))


def _check(silence: Silence, now: float) -> None:
    if not silence.matchers:
        raise SilenceRefused("at least one matcher required")
    if all(matcher.matches({}) for matcher in silence.matchers):
        raise SilenceRefused("at least one matcher must not match the empty string")
    if silence.ends_at < now:
        raise SilenceRefused("end time can't be in the past")
    if silence.ends_at <= silence.starts_at:
        raise SilenceRefused("start time must be before end time")


def _can_change(before: Silence, new: Silence, now: float) -> bool:
    if sorted(before.matchers) != sorted(new.matchers):
        return False
    match before.state(now):
        case "active":
            return abs(new.starts_at - before.starts_at) < 0.001  # the API speaks in milliseconds
        case "pending":
            return new.starts_at >= now
        case _:
            return False
