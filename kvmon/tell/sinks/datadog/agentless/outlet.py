"""The way without an Agent: what a push hands over becomes batches in the queue."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from math import isfinite
from pathlib import Path
from typing import NoReturn

from kvmon.clock import Clock
from kvmon.model.metrics.catalogue import datadog as rows
from kvmon.model.metrics.sample import Sample
from kvmon.tell.sinks.datadog.agentless.batch import RATE, Batch, Item, Kind, batches, check_run, event, series
from kvmon.tell.sinks.datadog.agentless.histograms import Histograms
from kvmon.tell.sinks.datadog.agentless.http import Http, Post
from kvmon.tell.sinks.datadog.agentless.key import KeySource
from kvmon.tell.sinks.datadog.agentless.queue import Queue
from kvmon.tell.sinks.datadog.agentless.sender import Sender
from kvmon.tell.sinks.datadog.options import DatadogOptions
from kvmon.tell.sinks.datadog.outlet import tallied
from kvmon.tell.sinks.datadog.point import Event, Form, Point, ServiceCheck
from kvmon.tell.sinks.datadog.tags import clean

PARTING = 2.0
"""Seconds for a last delivery when we end; what is on disk waits for the next start."""

FOLDER = "datadog"


class AgentlessOutlet:
    """Collects a push, packs it in a thread, and lets the sender deliver it."""

    def __init__(
        self,
        options: DatadogOptions,
        *,
        clock: Clock,
        state_dir: str | None,
        post: Post | None = None,
        chance: Callable[[], float] | None = None,
    ) -> None:
        self.paced = False
        self._clock = clock
        self._interval = options.interval
        self._compression = options.compression
        self._tags = tuple([clean(tag) for tag in options.tags])
        self._host = options.hostname or socket.gethostname()
        self._post: Post = post or Http(options.proxy.get_secret_value() if options.proxy else None)
        self._queue = Queue(Path(state_dir) / FOLDER if state_dir else None, limit=options.queue)
        more = {} if chance is None else {"chance": chance}
        key = KeySource(options.api_key, options.api_key_file)
        self.sender = Sender(options.api_url, self._queue, key, self._post, clock=clock, **more)
        self._items: dict[Kind, list[Item]] = {kind: [] for kind in Kind}
        self._histograms = Histograms()
        self._results: Counter[str] = Counter()

    def send(self, point: Point, at: float) -> None:
        """See Outlet."""
        if not isfinite(point.value):
            self._results["not_a_number"] += 1
            return
        tagged = point._replace(tags=(*point.tags, *self._tags)) if self._tags else point
        if point.form is not Form.HISTOGRAM:
            self._items[Kind.SERIES].append(series(tagged, at, self._host))
        elif not self._histograms.add(tagged):
            self._results["overflow"] += 1

    def check(self, check: ServiceCheck, at: float) -> None:
        """See Outlet."""
        self._items[Kind.CHECKS].append(check_run(check._replace(tags=(*check.tags, *self._tags)), at, self._host))

    def event(self, given: Event, at: float) -> None:
        """See Outlet."""
        self._items[Kind.EVENTS].append(event(given._replace(tags=(*given.tags, *self._tags)), at, self._host))

    async def end_push(self) -> None:
        """See Outlet."""
        now = self._clock.time()
        for point, is_rate in self._histograms.drain(self._interval):
            more = {"kind": RATE, "interval": self._interval} if is_rate else {}
            self._items[Kind.SERIES].append(series(point, now, self._host, **more))  # type: ignore[arg-type] # int and float
        items, self._items = self._items, {kind: [] for kind in Kind}
        for kind, found in items.items():
            for batch in await asyncio.to_thread(_packed, kind, found, self._compression):
                self._results["overflow"] += self._queue.put(batch)
        self.sender.notify()

    def samples(self) -> list[Sample]:
        """See Outlet."""
        found = tallied(self._results + self.sender.results, waiting=self._queue.count, last_success=self.sender.last_success)
        found.append(Sample(rows.QUEUE_BYTES, self._queue.size))
        return found + [Sample(rows.REQUESTS, count, (code,)) for code, count in self.sender.answers.items()]

    async def run(self) -> NoReturn:
        """See Outlet."""
        await self.sender.run()

    async def close(self) -> None:
        """See Outlet."""
        with suppress(TimeoutError):
            async with asyncio.timeout(PARTING):
                await self.end_push()
                await self.sender.deliver()
        await self._post.close()


def _packed(kind: Kind, items: list[Item], compression: str) -> list[Batch]:
    return list(batches(kind, items, compression))
