"""What breakers would have denied, had applications asked: from the changes that the journal has."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

DENYING = ("open", "half_open")


@dataclass(frozen=True, slots=True)
class Denied:
    """Of one op of a shard: how often it opened, for how many seconds it denied, the longest of them, and the classes."""

    target: str
    subject: str
    openings: int
    seconds: float
    longest: float
    reasons: tuple[str, ...]


def would_have(events: Iterable[Mapping[str, Any]], until: datetime) -> list[Denied]:
    """From events of kind `breaker`, the oldest first. What is still open counts up to `until`."""
    spans: dict[tuple[str, str], list[float]] = {}
    reasons: dict[tuple[str, str], dict[str, None]] = {}
    since: dict[tuple[str, str], datetime] = {}
    for event in events:
        if event["kind"] != "breaker":
            continue
        key, data = (event["target"], event["subject"]), event["data"]
        at = datetime.fromisoformat(event["at"])
        if data["after"] in DENYING:
            since.setdefault(key, at)
            if data["after"] == "open":
                reasons.setdefault(key, {})[data["reason"]] = None
        elif key in since:
            spans.setdefault(key, []).append((at - since.pop(key)).total_seconds())
    for key, at in since.items():
        spans.setdefault(key, []).append((until - at).total_seconds())
    return [Denied(*key, len(found), sum(found), max(found), tuple(reasons.get(key, ()))) for key, found in sorted(spans.items())]
