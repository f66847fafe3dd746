"""Telling Alertmanagers as Prometheus does: every one is told everything, and what fails is told again by the next resend."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from itertools import islice
from typing import NoReturn

import aiohttp
import structlog

from kvmon.model.alert import Notice
from kvmon.tell.notify.options import without_password
from kvmon.tell.notify.payload import rfc3339
from kvmon.tell.notify.receivers.integration import Post
from kvmon.tell.notify.send import NotDelivered, Sender

log = structlog.get_logger("kvmon")

QUEUE, BATCH, TIMEOUT = 10_000, 256, 10.0
"""Alerts that wait, alerts of a request, seconds for it: Prometheus' numbers."""

PARTING = 2.0
"""Seconds in which the queue is emptied when we end."""

PATH = "/api/v2/alerts"


class Forwarder:
    """The queue to one Alertmanager. A full one loses its oldest alerts, and counts them."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.shown = without_password(url)
        self.sent = 0
        self.errors = 0
        self.dropped = 0
        self._queue: deque[Notice] = deque()
        self._changed = asyncio.Event()
        self._failing = False

    def __len__(self) -> int:
        return len(self._queue)

    def put(self, notices: Iterable[Notice]) -> None:
        """Tell it these, soon."""
        self._queue.extend(notices)
        while len(self._queue) > QUEUE:
            self._queue.popleft()
            self.dropped += 1
        self._changed.set()

    async def run(self, session: aiohttp.ClientSession, agent: str) -> NoReturn:
        """Tell until cancelled; then what is left, for a moment."""
        sender = Sender(session, agent)
        try:
            while True:
                self._changed.clear()
                while self._queue:
                    await self._tell(sender)
                await self._changed.wait()
        finally:
            with suppress(TimeoutError):
                async with asyncio.timeout(PARTING):
                    while self._queue:
                        await self._tell(sender)

    async def _tell(self, sender: Sender) -> None:
        batch = list(islice(self._queue, BATCH))
        for _ in batch:
            self._queue.popleft()
        body = json.dumps([_document(notice) for notice in batch], ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json"}
        try:
            await sender.send(Post(f"{self.url.rstrip('/')}{PATH}", body, headers, TIMEOUT), 0.0)
        except NotDelivered as problem:
            self.errors += len(batch)
            self.dropped += len(batch)
            if not self._failing:
                log.warning("an Alertmanager was not told", alertmanager=self.shown, why=str(problem), alerts=len(batch))
            self._failing = True
            return
        self.sent += len(batch)
        if self._failing:
            self._failing = False
            log.info("an Alertmanager is told again", alertmanager=self.shown)


def _document(notice: Notice) -> dict[str, object]:
    return {
        "labels": dict(notice.labels),
        "annotations": dict(notice.annotations),
        "startsAt": rfc3339(notice.starts_at),
        "endsAt": rfc3339(notice.ends_at),
        "generatorURL": notice.generator_url,
    }
