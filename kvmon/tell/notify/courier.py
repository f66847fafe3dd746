"""Delivers what the outbox holds, and writes down what became of it."""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import NoReturn

import structlog

from kvmon.clock import Clock
from kvmon.journal.store import Journal
from kvmon.judge.promql.work import Work
from kvmon.tell.notify.dispatcher import Lane
from kvmon.tell.notify.outbox import Entry, Outbox, wait_before
from kvmon.tell.notify.receivers.integration import Integration, Mail, Post, Stamp
from kvmon.tell.notify.send import NotDelivered, Sender

log = structlog.get_logger("kvmon")

DEAD_KEPT = 1000
"""Messages that were given up and can still be looked at in the journal."""

MANY = 100
"""Alerts of a message that takes milliseconds to write."""

GLANCE = 30.0
"""Seconds after which the wall clock is looked at in any case: it may have been set."""


class Courier:
    """Delivers at least once, in order within a group. A bug in a receiver's code comes out of `run`."""

    def __init__(self, outbox: Outbox, *, journal: Journal, clock: Clock, gave_up: Callable[[Lane], None]) -> None:
        self.outbox = outbox
        self.counts: Counter[tuple[str, str]] = Counter()
        """By receiver and result: delivered, retried, dead."""
        self.delivered_at: dict[str, float] = {}
        """By receiver: when something was last delivered (wall seconds)."""
        self._journal = journal
        self._clock = clock
        self._gave_up = gave_up
        self._ways: Mapping[str, Integration] = {}
        self._failing: set[str] = set()
        self._changed = asyncio.Event()

    def take(self, ways: Mapping[str, Integration]) -> None:
        """Deliver by these ways from now on."""
        self._ways = ways
        self._changed.set()

    def add(self, entries: Iterable[Entry]) -> Work[None]:
        """Deliver these too; they are in the journal."""
        for entry in entries:
            self.outbox.add([entry])
            yield
        self._changed.set()

    async def run(self, sender: Sender) -> NoReturn:
        """Deliver until cancelled; what is under way then is tried again after the next start."""
        async with asyncio.TaskGroup() as group:
            while True:
                self._changed.clear()
                for entry in self.outbox.start(self._clock.time()):
                    group.create_task(self._deliver(entry, sender))
                due = self.outbox.due()
                wait = GLANCE if due is None else min(GLANCE, max(0.0, due - self._clock.time()))
                with suppress(TimeoutError):
                    async with asyncio.timeout(wait):  # wait_for of Python 3.11 may swallow a cancellation
                        await self._changed.wait()

    async def _deliver(self, entry: Entry, sender: Sender) -> None:
        way = self._ways.get(entry.way)
        try:
            if way is None:
                raise NotDelivered("the configuration does not name this receiver any more", again=False)  # noqa: TRY301 - one way out
            try:
                wire = await _wire(way, entry, Stamp(entry.id, self._clock.time()))
            except ValueError as error:
                raise NotDelivered(str(error), again=True) from None
            await sender.send(wire, self._clock.time())
        except NotDelivered as problem:
            await self._failed(entry, problem)
        else:
            await self._journal.commit(lambda connection: _delete(connection, entry.id))
            self.outbox.done(entry)
            self._count(entry, "delivered")
            self.delivered_at[_receiver(entry)] = self._clock.time()
            if entry.way in self._failing:
                self._failing.discard(entry.way)
                log.info("notifications are delivered again", receiver=entry.way)
        self._changed.set()

    async def _failed(self, entry: Entry, problem: NotDelivered) -> None:
        now = self._clock.time()
        why = str(problem)
        wait = max(wait_before(entry.attempts + 1, random.random()), problem.after or 0.0)  # noqa: S311 - keeps no secret
        if problem.again and now + wait < entry.expires_at:
            if entry.way not in self._failing:
                self._failing.add(entry.way)
                log.warning("a notification was not delivered and is tried again", receiver=entry.way, why=why, id=entry.id)
            later = self.outbox.again(entry, now + wait, pause=problem.after is not None)
            self._count(entry, "retried")
            await self._journal.commit(lambda connection: _put_off(connection, later, why))
            return
        log.error("a notification is given up", receiver=entry.way, why=why, id=entry.id, group=entry.grouping)
        await self._journal.commit(lambda connection: _bury(connection, entry, now, why))
        self.outbox.done(entry)
        self._gave_up(entry.lane)
        self._count(entry, "dead")

    def _count(self, entry: Entry, result: str) -> None:
        self.counts[_receiver(entry), result] += 1


async def _wire(way: Integration, entry: Entry, stamp: Stamp) -> Post | Mail:
    """In a thread where there is much to write: the event loop gets its turn every few milliseconds."""
    if len(entry.message["alerts"]) > MANY:
        return await asyncio.to_thread(way.wire, entry.message, stamp)
    return way.wire(entry.message, stamp)


def _receiver(entry: Entry) -> str:
    return entry.message["receiver"]


def _delete(connection: sqlite3.Connection, ident: str) -> None:
    connection.execute("DELETE FROM outbox WHERE id = ?", (ident,))


def _put_off(connection: sqlite3.Connection, entry: Entry, why: str) -> None:
    query = "UPDATE outbox SET due_at = ?, attempts = ?, error = ? WHERE id = ?"
    connection.execute(query, (entry.due_at, entry.attempts, why, entry.id))


def _bury(connection: sqlite3.Connection, entry: Entry, now: float, why: str) -> None:
    """It is dead; and the group is told anew at its next turn, if it still fires."""
    connection.execute("UPDATE outbox SET dead_at = ?, error = ? WHERE id = ?", (now, why, entry.id))
    connection.execute("UPDATE notified SET data = json_set(data, '$.at', 0) WHERE way = ? AND grouping = ?", entry.lane)
    old = "SELECT id FROM outbox WHERE dead_at IS NOT NULL ORDER BY dead_at DESC LIMIT -1 OFFSET ?"
    connection.execute(f"DELETE FROM outbox WHERE id IN ({old})", (DEAD_KEPT,))  # noqa: S608 - a constant
