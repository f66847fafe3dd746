"""What breakers would have denied."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from kvmon.diagnose.would_have import Denied, would_have

NOW = datetime(2026, 11, 27, 12, 0, 30, tzinfo=UTC)


def event(second: int, after: str, subject: str = "write", reason: str = "") -> dict[str, Any]:
    at = f"2026-11-27T12:00:{second:02d}.000Z"
    return {"kind": "breaker", "at": at, "target": "it", "subject": subject, "data": {"after": after, "reason": reason}}


def test_a_span_reaches_from_open_to_closed_whatever_is_between() -> None:
    events = [
        event(0, "closed"), event(1, "open", reason="oom"), event(3, "half_open"), event(4, "open", reason="timeout"),
        event(6, "half_open"), event(7, "closed"), event(10, "open", reason="oom"), event(12, "unknown"),
        {"kind": "override", "at": "2026-11-27T12:00:13.000Z", "target": "it", "subject": "write", "data": {}},
        event(20, "open", "read", "refused"),
    ]  # fmt: skip
    assert would_have(events, NOW) == [
        Denied("it", "read", 1, 10.0, 10.0, ("refused",)),
        Denied("it", "write", 2, 8.0, 6.0, ("oom", "timeout")),
    ]


def test_nothing_is_nothing() -> None:
    assert would_have([event(0, "closed")], NOW) == []
