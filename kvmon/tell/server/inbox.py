"""What applications and people tell the breakers: each batch once, within bounds, and how much was refused."""

from __future__ import annotations

import hashlib
from collections import Counter, OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus

from aiohttp import web

from kvmon.clock import Clock
from kvmon.model.evidence import Report
from kvmon.model.metrics.catalogue import breakers as rows
from kvmon.model.metrics.sample import Sample
from kvmon.tell.server.problems import Problem

REMEMBERED = 10_000
"""Batches that are known again."""

REPORTERS = 2_000
"""Reporters whose pace is watched."""

RATE = 10.0
"""Batches a second of one reporter, and twice as many at once."""

RESULTS = {401: "denied", 403: "denied", 413: "too_large", 429: "limited"}


class Inbox:
    """Counts what came in and what was refused; knows batches that it has seen."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._counts: Counter[tuple[str, str]] = Counter()
        self._seen: OrderedDict[bytes, None] = OrderedDict()
        self._paces: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def is_new(self, report: Report) -> bool:
        """Whether this batch has not come before."""
        mark = hashlib.blake2b(f"{report.reporter}\0{report.batch}".encode(), digest_size=16).digest()
        if mark in self._seen:
            return False
        self._seen[mark] = None
        if len(self._seen) > REMEMBERED:
            self._seen.popitem(last=False)
        return True

    def check_pace(self, reporter: str) -> None:
        """Raises Problem 429 where this reporter sends too often."""
        now = self._clock.monotonic()
        left, last = self._paces.pop(reporter, (2 * RATE, now))
        left = min(2 * RATE, left + (now - last) * RATE)
        self._paces[reporter] = (max(0.0, left - 1.0), now)
        if len(self._paces) > REPORTERS:
            self._paces.popitem(last=False)
        if left < 1.0:
            raise Problem(HTTPStatus.TOO_MANY_REQUESTS, f"At most {RATE:g} reports a second.", {"Retry-After": "1"})

    def count(self, what: str, result: str) -> None:
        """One more of these."""
        self._counts[what, result] += 1

    @contextmanager
    def refusals(self, what: str) -> Iterator[None]:
        """Count what is refused within."""
        try:
            yield
        except Problem as problem:
            self.count(what, RESULTS.get(problem.status.value, "invalid"))
            raise
        except web.HTTPException:
            self.count(what, "invalid")
            raise

    def samples(self) -> list[Sample]:
        """What was counted."""
        specs = {"report": rows.REPORTS, "override": rows.OVERRIDES}
        return [Sample(specs[what], total, (result,)) for (what, result), total in sorted(self._counts.items())]
