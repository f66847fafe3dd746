"""Events of what was judged: breakers, from the daemon's own samples, and alerts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from typing import NamedTuple

from kvmon.model.alert import Notice
from kvmon.model.metrics.catalogue.breakers import STATE, TRANSITIONS
from kvmon.model.metrics.sample import Sample
from kvmon.tell.sinks.datadog.point import Event
from kvmon.tell.sinks.datadog.tags import tag

KEPT = 10_000
"""Alerts that are remembered while they fire; more make no events."""

_ALERT_TYPES = {"open": "error", "closed": "success"}


class Verdict(NamedTuple):
    """A breaker's state, and how often it has changed."""

    state: str
    changes: float = 0.0


class Breakers:
    """Sees the samples of each push."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, ...], Verdict] = {}

    def events(self, samples: Iterable[Sample]) -> Iterator[Event]:
        """An event for each breaker that changed, also one that has come back to the state it had."""
        found: dict[tuple[str, ...], Verdict] = {}
        changes: dict[tuple[str, ...], float] = {}
        for sample in samples:
            if sample.spec is STATE and sample.value:
                found[sample.labels[:3]] = Verdict(sample.labels[3])
            elif sample.spec is TRANSITIONS:
                changes[sample.labels] = sample.value
        now = {key: each._replace(changes=changes.get(key, 0.0)) for key, each in found.items()}
        for key, verdict in now.items():
            before = self._known.get(key)
            if before is not None and before != verdict:
                yield _breaker(key, before, verdict)
        self._known = now


def _breaker(key: tuple[str, ...], before: Verdict, now: Verdict) -> Event:
    target, op, shard = key
    name = "/".join(part for part in (target, op, shard) if part)
    times = int(now.changes - before.changes)
    text = f"It was {before.state}" + (f", and changed {times} times since the last push." if times > 1 else ".")
    tags = [tag("target", target), tag("op", op), tag("state", now.state), "event:breaker"]
    if shard:
        tags.append(tag("shard", shard))
    kind = _ALERT_TYPES.get(now.state, "warning")
    return Event(f"The breaker {name} is {now.state}", text, _key(f"breaker:{name}"), tuple(tags), kind)  # type: ignore[arg-type]


class Alerts:
    """Sees notices as they are told to others; these are told again and again while an alert fires."""

    def __init__(self, since: float) -> None:
        self._since = since
        self._firing: set[tuple[tuple[str, str], ...]] = set()

    def events(self, notices: Sequence[Notice], now: float) -> Iterator[Event]:
        """An event when an alert begins to fire, and one when it is over. What fired before we began is told at its end only."""
        for notice in notices:
            if notice.resolved(now):
                if notice.labels in self._firing:
                    self._firing.discard(notice.labels)
                    yield _alert(notice, "resolved", "success")
            elif notice.labels not in self._firing and len(self._firing) < KEPT:
                self._firing.add(notice.labels)
                if notice.starts_at >= self._since:
                    severe = dict(notice.labels).get("severity") in ("critical", "error", "page")
                    yield _alert(notice, "firing", "error" if severe else "warning")


def _alert(notice: Notice, state: str, kind: str) -> Event:
    said = dict(notice.annotations)
    text = "\n".join(said[name] for name in ("summary", "description") if said.get(name)) or "It says no more."
    tags = (*[tag(name, value) for name, value in notice.labels], tag("state", state), "event:alert")
    return Event(f"{notice.name} is {state}", text, _key(f"alert:{notice.labels}"), tags, kind)  # type: ignore[arg-type]


def _key(text: str) -> str:
    """A key of bounded length."""
    return f"kvmon:{sha256(text.encode()).hexdigest()[:40]}"
