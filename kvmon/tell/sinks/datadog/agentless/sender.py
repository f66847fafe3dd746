"""Delivery: the oldest batch first, again until it is taken, too old, or turned down."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import NoReturn

import structlog

from kvmon.clock import Clock
from kvmon.tell.sinks.datadog.agentless.answers import Action, Verdict, judge
from kvmon.tell.sinks.datadog.agentless.batch import PATHS, Batch, halves
from kvmon.tell.sinks.datadog.agentless.encoding import encoding_of
from kvmon.tell.sinks.datadog.agentless.http import NoAnswer, Post
from kvmon.tell.sinks.datadog.agentless.key import KeySource, NoKey
from kvmon.tell.sinks.datadog.agentless.queue import Queue, Waiting

FIRST, LAST = 1.0, 64.0
"""Seconds of the first pause after a failure, and the longest; each is twice the one before, less up to half by chance."""

KEY_LOOK = 5.0
"""Seconds between looks for another key, while there is none that is valid."""

log = structlog.get_logger("kvmon")


class Sender:
    """Empties the queue. `results` counts entries by what became of them, `answers` requests by their status."""

    def __init__(  # noqa: PLR0913 - what is made elsewhere is handed in, by name
        self,
        url: str,
        queue: Queue,
        key: KeySource,
        post: Post,
        *,
        clock: Clock,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.results: Counter[str] = Counter()
        self.answers: Counter[str] = Counter()
        self.last_success: float | None = None
        self._url = url
        self._queue = queue
        self._key = key
        self._post = post
        self._clock = clock
        self._chance = chance
        self._more = asyncio.Event()
        self._failures = 0
        self._resume = 0.0
        self._bad_key: str | None = None
        self._told = ""

    def notify(self) -> None:
        """There is something new in the queue."""
        self._more.set()

    async def run(self) -> NoReturn:
        """Deliver until cancelled."""
        while True:
            self._more.clear()
            wait = await self.deliver()
            with suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._more.wait()

    async def deliver(self) -> float | None:
        """Send until nothing waits (then None), or until there has to be a pause: its seconds."""
        while True:
            self.results["expired"] += self._queue.expire(self._clock.time())
            waiting = self._queue.head()
            if waiting is None:
                return None
            pause = self._resume - self._clock.monotonic()
            if pause > 0 and not self._has_new_key():
                return min(pause, KEY_LOOK) if self._bad_key is not None else pause
            body = await asyncio.to_thread(self._queue.body, waiting)
            if body is None:
                self._lost(waiting, "refused", "its file is gone")
                continue
            verdict = await self._try(waiting, body)
            await self._act(verdict, waiting, body)

    def _has_new_key(self) -> bool:
        with suppress(NoKey):
            return self._bad_key is not None and self._key.key() != self._bad_key
        return False

    async def _try(self, waiting: Waiting, body: bytes) -> Verdict:
        try:
            key = self._key.key()
        except NoKey as error:
            self._bad_key = ""
            return Verdict(Action.NEW_KEY, str(error))
        headers = {
            "DD-API-KEY": key, "Content-Type": "application/json", "Content-Encoding": encoding_of(body).header,
        }  # fmt: skip
        try:
            answer = await self._post(self._url + PATHS[waiting.kind], body, headers)
        except NoAnswer as error:
            self.answers["none"] += 1
            self._bad_key = None
            return Verdict(Action.AGAIN, str(error))
        self.answers[str(answer.status) if 100 <= answer.status < 600 else "other"] += 1
        verdict = judge(answer.status, answer.headers, answer.body, now=self._clock.time())
        self._bad_key = key if verdict.action is Action.NEW_KEY else None
        return verdict._replace(reason=self._key.redact(verdict.reason))

    async def _act(self, verdict: Verdict, waiting: Waiting, body: bytes) -> None:
        if verdict.action not in (Action.AGAIN, Action.NEW_KEY):
            self._failures, self._resume = 0, 0.0  # whatever it thinks of this batch: it answers
        match verdict.action:
            case Action.DONE:
                if self._queue.done(waiting):
                    self.results["sent"] += waiting.count
                self.last_success = self._clock.time()
                if self._told:
                    log.info("Datadog takes what is sent again")
                    self._told = ""
            case Action.AGAIN | Action.NEW_KEY:
                self._pause(verdict)
            case Action.SPLIT:
                parts = await asyncio.to_thread(halves, Batch(waiting.kind, waiting.oldest, waiting.count, body))
                if parts:
                    self._queue.done(waiting)
                    self._queue.put_first(parts)
                else:
                    self._lost(waiting, "refused", verdict.reason)
            case Action.DROP:
                self._lost(waiting, "refused", verdict.reason)

    def _pause(self, verdict: Verdict) -> None:
        pause = verdict.wait
        if pause is None:
            pause = min(LAST, FIRST * 2**self._failures) * (1 - self._chance() / 2)
            if verdict.action is Action.NEW_KEY:
                pause = LAST
        self._failures = min(self._failures + 1, 10)
        self._resume = self._clock.monotonic() + pause
        if self._told != verdict.reason:
            self._told = verdict.reason
            log.warning("Datadog does not take what is sent", reason=verdict.reason, waiting=self._queue.count)

    def _lost(self, waiting: Waiting, result: str, reason: str) -> None:
        if self._queue.done(waiting):
            self.results[result] += waiting.count
        if self._told != reason:
            self._told = reason
            log.warning("Datadog turns something down", what=str(waiting.kind), entries=waiting.count, reason=reason)
