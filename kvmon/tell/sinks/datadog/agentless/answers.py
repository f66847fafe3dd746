"""What an answer of the API means for what was sent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import NamedTuple

LONGEST_WAIT = 900.0
"""Seconds that are waited at most, whatever the answer asks for: points are taken for an hour only."""


class Action(StrEnum):
    """What to do with the batch."""

    DONE = "done"
    AGAIN = "again"
    """Later, unchanged."""
    NEW_KEY = "new key"
    """Later, or as soon as there is another key."""
    SPLIT = "split"
    DROP = "drop"


class Verdict(NamedTuple):
    """`wait`: seconds that were asked for; None where none were. `reason` is for a person."""

    action: Action
    reason: str = ""
    wait: float | None = None


def judge(status: int, headers: Mapping[str, str], body: str, *, now: float) -> Verdict:
    """By the API's documentation: 202 taken, 400 malformed, 403 no valid key, 408 and 5xx try again, 413 too large, 429 too many.

    `now` is wall seconds. Header names are looked up as they are documented, so `headers` should not mind their case.
    """
    said = _said(status, body)
    if 200 <= status < 300:
        # A proxy's page of sign-in is no answer of Datadog's.
        return Verdict(Action.DONE) if not body.strip() or _is_json(body) else Verdict(Action.AGAIN, f"{said}, which is no JSON")
    if status in (401, 403):
        return Verdict(Action.NEW_KEY, f"{said}: is the API key one of this site?")
    if status == 413:
        return Verdict(Action.SPLIT, said)
    if 300 <= status < 400 or status in (407, 408, 429) or status >= 500:
        return Verdict(Action.AGAIN, said, _wait(headers, now))
    return Verdict(Action.DROP, said)


def _said(status: int, body: str) -> str:
    """The answer in a line: the errors that it lists, as far as they fit."""
    try:
        errors = json.loads(body)["errors"]
        text = "; ".join(str(error) for error in errors)
    except (ValueError, TypeError, KeyError):
        text = ""
    line = " ".join(text.split())[:200]
    return f"HTTP {status}" + (f" ({line})" if line else "")


def _is_json(body: str) -> bool:
    try:
        json.loads(body)
    except ValueError:
        return False
    return True


def _wait(headers: Mapping[str, str], now: float) -> float | None:
    for name in ("Retry-After", "X-RateLimit-Reset"):
        text = headers.get(name, "").strip()
        seconds = _seconds(text, now)
        if seconds is not None:
            return min(max(0.0, seconds), LONGEST_WAIT)
    return None


def _seconds(text: str, now: float) -> float | None:
    """Of a number of seconds, or a date."""
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        when = parsedate_to_datetime(text)
    except ValueError:
        return None
    return (when if when.tzinfo else when.replace(tzinfo=UTC)).timestamp() - now
