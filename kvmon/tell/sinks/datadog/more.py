"""What the Agent does not send: rates of what it sends as it grows, and states that are words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import isfinite

from kvmon.model.snapshot import Snapshot
from kvmon.tell.sinks.datadog.names import CALLS_RATE, GAUGES, GROWING, STATES, UPTIME
from kvmon.tell.sinks.datadog.point import Point
from kvmon.tell.sinks.datadog.tags import tag

SHORTEST = 0.5
"""Seconds: a rate over less would be mostly noise."""

CALLS = "commands_total"
"""The metric with the calls of each command, without its prefix."""

GOOD = ("ok", "up")
EVICTED = "evicted_keys"
Tags = tuple[str, ...]


def number(text: str | None) -> float | None:
    """A number of INFO as the Agent reads it; None for what is none."""
    if text is None:
        return None
    try:
        value = float(text.removesuffix("%"))
    except ValueError:
        return None
    return value if isfinite(value) else None


def grown(facts: Mapping[str, str], before: Mapping[str, str], field: str) -> float | None:
    """By how much a counter grew. None where it went back: it has begun anew, and how far it had come is not known."""
    now, then = number(facts.get(field)), number(before.get(field))
    return now - then if now is not None and then is not None and now >= then else None


def rate_name(field: str) -> str:
    """What the rate of a field that only grows is called."""
    return f"kvmon.{GAUGES[field]}.per_second"


def more(snapshot: Snapshot, before: Snapshot | None, tags: Tags) -> Iterator[Point]:
    """States of a poll, and rates since the one before."""
    facts = snapshot.facts
    for field, name in STATES.items():
        if word := facts.get(field):
            yield Point(name, float(word in GOOD), tags)
    if (uptime := number(facts.get("uptime_in_seconds"))) is not None:
        yield Point(UPTIME, uptime, tags)
    seconds = snapshot.at - before.at if before is not None and before.up else 0.0
    if before is None or seconds < SHORTEST:
        return
    for field in GROWING:
        if (by := grown(facts, before.facts, field)) is not None:
            yield Point(rate_name(field), by / seconds, _policy(facts, tags) if field == EVICTED else tags)
    then = _calls(before)
    for command, calls in _calls(snapshot).items():
        if calls >= then.get(command, calls + 1):
            yield Point(CALLS_RATE, (calls - then[command]) / seconds, (*tags, tag("command", command)))


def _policy(facts: Mapping[str, str], tags: Tags) -> Tags:
    """Whether keys that go are meant to: a monitor asks by the policy."""
    policy = facts.get("maxmemory_policy")
    return (*tags, tag("maxmemory_policy", policy)) if policy else tags


def _calls(snapshot: Snapshot) -> dict[str, float]:
    return {sample.labels[0]: sample.value for sample in snapshot.samples if sample.labels and sample.spec.name.endswith(CALLS)}
