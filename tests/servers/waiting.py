"""Waiting for something to become true, instead of sleeping and hoping."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

GENEROUS = 60.0
"""Seconds: a deadline no healthy run comes near, so a slow machine fails nothing."""


def until(condition: Callable[[], T | None], within: float = GENEROUS, *, what: str = "") -> T:
    """The first true answer of `condition`, asked again until then; AssertionError after `within` seconds."""
    end = time.monotonic() + within
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > end:
            raise AssertionError(f"not within {within:g} s: {what or condition!r} (last answer: {answer!r})")
        time.sleep(0.02)
