"""kvmon's own notifier: alerts in, promises into the journal, and a courier that keeps them."""

from __future__ import annotations

import asyncio
import sqlite3
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import islice
from typing import NoReturn

from kvmon.clock import Clock
from kvmon.journal.store import Journal
from kvmon.judge.promql.pace import Pace
from kvmon.judge.promql.work import Work
from kvmon.model.alert import Notice
from kvmon.tell.notify.courier import Courier
from kvmon.tell.notify.dispatcher import Dispatcher, Flush, Lane
from kvmon.tell.notify.group import Told
from kvmon.tell.notify.held import Held
from kvmon.tell.notify.inhibit import Inhibitor
from kvmon.tell.notify.outbox import COLUMNS, Entry, Outbox, entry_of, of_row
from kvmon.tell.notify.receivers.integration import Integration
from kvmon.tell.notify.routing import Routing
from kvmon.tell.notify.send import Sender
from kvmon.tell.notify.silences import RETENTION, Silence, settle

Also = Callable[[sqlite3.Connection], None]

GLANCE = 10.0
"""Seconds after which the wall clock is looked at in any case."""

TIDY = 900.0
"""Seconds between looks for what nobody asks about any more."""

SLICE = 50
"""Alerts that are taken at a time: some milliseconds."""

BACK = 300.0
"""Seconds after a start in which alerts that fired before are taken to fire still: rules need a moment to tell."""


class Notifier:
    """Groups, silences and delivery, all of it in the journal."""

    def __init__(self, routing: Routing, *, journal: Journal, clock: Clock) -> None:
        self.routing = routing
        self.silences: dict[str, Silence] = {}
        self.dispatcher = Dispatcher(routing, told={}, now=clock.time())
        self.courier = Courier(Outbox(), journal=journal, clock=clock, gave_up=self._gave_up)
        self.pace = Pace(clock)
        """For what takes long where thousands fire."""
        self._journal = journal
        self._clock = clock
        self._lock = asyncio.Lock()
        self._changed = asyncio.Event()

    @classmethod
    async def open(cls, routing: Routing, *, journal: Journal, clock: Clock) -> Notifier:
        """With what the journal remembers."""
        notifier = cls(routing, journal=journal, clock=clock)
        now = clock.time()
        alerts = [Held.from_json(data) for (data,) in await journal.read("SELECT data FROM notices")]
        told = await journal.read("SELECT way, grouping, data FROM notified")
        known = {(way, grouping): Told.from_json(data) for way, grouping, data in told}
        notifier.dispatcher = Dispatcher(routing, alerts=[held.kept_until(now + BACK) for held in alerts], told=known, now=now)
        silences = await journal.read("SELECT id, data FROM silences")
        notifier.silences = {ident: Silence.from_json(ident, data) for ident, data in silences}
        rows = await journal.read(f"SELECT {COLUMNS} FROM outbox WHERE dead_at IS NULL ORDER BY created_at, rowid")  # noqa: S608
        await notifier.pace.run(notifier.courier.add(of_row(row) for row in rows))
        notifier.courier.take(_ways(routing))
        return notifier

    async def apply(self, routing: Routing) -> None:
        """Notify like this from now on; alerts find their new groups."""
        if routing == self.routing:
            return
        async with self._lock:
            self.routing = routing
            known = self.dispatcher
            self.dispatcher = Dispatcher(routing, alerts=known.alerts.values(), told=known.told, now=self._clock.time())
            self.courier.take(_ways(routing))
        self._changed.set()

    async def take(self, notices: Iterable[Notice], also: Also | None = None) -> None:
        """Hold these; when it returns they are durable. `also` writes something in the same transaction."""
        async with self._lock:
            rows: list[tuple[str, str]] = []
            for some in _slices(notices):
                rows += [(held.fingerprint, held.to_json()) for held in self.dispatcher.take(some, self._clock.time())]
                await asyncio.sleep(0)

            def work(connection: sqlite3.Connection) -> None:
                connection.executemany("INSERT OR REPLACE INTO notices (fingerprint, data) VALUES (?, ?)", rows)
                if also is not None:
                    also(connection)

            if rows or also is not None:
                await self._journal.commit(work)
        self._changed.set()

    async def run(self, sender: Sender) -> NoReturn:
        """Notify until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self.courier.run(sender))
            group.create_task(self._tidy())
            while True:
                self._changed.clear()
                await self._flush()
                due = self.dispatcher.due()
                wait = GLANCE if due is None else min(GLANCE, max(0.0, due - self._clock.time()))
                with suppress(TimeoutError):
                    async with asyncio.timeout(wait):  # wait_for of Python 3.11 may swallow a cancellation
                        await self._changed.wait()

    async def set_silence(self, wanted: Silence) -> str:
        """Silence like this; the id of the silence that does. Raises KeyError for an id that is none, SilenceRefused."""
        now = self._clock.time()
        before = self.silences[wanted.id] if wanted.id else None
        written = settle(wanted, before, now, str(uuid.uuid4()))
        await self._write_silences(written)
        return written[0].id

    async def expire_silence(self, ident: str) -> None:
        """End a silence now. Raises KeyError."""
        silence = self.silences[ident]
        now = self._clock.time()
        if silence.state(now) != "expired":
            await self._write_silences([silence.expired(now)])

    def silenced_by(self, labels: Mapping[str, str]) -> list[str]:
        """Ids of the silences that hold back alerts with these labels now."""
        now = self._clock.time()
        return [silence.id for silence in self.silences.values() if silence.mutes(labels, now)]

    def muted_by(self, labels: Mapping[str, str]) -> list[str]:
        """Names of the intervals for which alerts with these labels are told nobody now; empty where a route tells them."""
        if not self.routing.intervals:
            return []
        now = self._clock.time()
        found = [self.routing.muted_by(route, now) for route in self.routing.route.match(labels)]
        return list(dict.fromkeys(name for names in found for name in names)) if all(found) else []

    async def inhibitor(self) -> Inhibitor:
        """What is inhibited now."""
        return await self.pace.run(
            Inhibitor.over(self.routing.inhibit, list(self.dispatcher.alerts.values()), self._clock.time())
        )

    async def _flush(self) -> None:
        async with self._lock:
            now = self._clock.time()
            due = self.dispatcher.due()
            if due is None or due > now:
                return
            inhibitor = await self.inhibitor()
            silences = [silence for silence in self.silences.values() if silence.state(now) == "active"]

            def muted(held: Held) -> bool:
                silent = any(silence.mutes(held.labels, now) for silence in silences)
                return silent or inhibitor.by(held.labels) is not None

            flush = await self.pace.run(self.dispatcher.flush(now, muted))
            entries = await self.pace.run(_entries(flush, now))
            if flush.told or flush.gone:
                await self._journal.commit(lambda connection: _keep(connection, flush, entries))
            self.dispatcher.done(flush, now)
            await self.pace.run(self.courier.add(entries))

    def _gave_up(self, lane: Lane) -> None:
        told = self.dispatcher.told.get(lane)
        if told is not None:
            self.dispatcher.told[lane] = replace(told, at=0.0)

    async def _write_silences(self, silences: Sequence[Silence]) -> None:
        rows = [(silence.id, silence.ends_at, silence.to_json()) for silence in silences]
        query = "INSERT OR REPLACE INTO silences (id, ends_at, data) VALUES (?, ?, ?)"

        def work(connection: sqlite3.Connection) -> None:
            connection.executemany(query, rows)

        await self._journal.commit(work)
        self.silences.update((silence.id, silence) for silence in silences)

    async def _tidy(self) -> NoReturn:
        while True:
            await asyncio.sleep(TIDY)
            now = self._clock.time()
            old = [(silence.id,) for silence in self.silences.values() if silence.ends_at + RETENTION < now]
            lanes = self.dispatcher.forgotten(now)
            if old or lanes:
                await self._journal.commit(partial(_forget, silences=old, lanes=lanes))
            for (ident,) in old:
                self.silences.pop(ident, None)
            self.dispatcher.forget(lanes)


def _slices(notices: Iterable[Notice]) -> Iterator[list[Notice]]:
    rest = iter(notices)
    while some := list(islice(rest, SLICE)):
        yield some


def _ways(routing: Routing) -> dict[str, Integration]:
    return dict(way for receiver in routing.receivers.values() for way in receiver.ways())


def _entries(flush: Flush, now: float) -> Work[list[Entry]]:
    found: list[Entry] = []
    for promise in flush.promises:
        found.append(entry_of(promise, now))
        yield
    return found


def _keep(connection: sqlite3.Connection, flush: Flush, entries: Sequence[Entry]) -> None:
    told = [(*lane, entry.to_json()) for lane, entry in flush.told.items()]
    connection.executemany("INSERT OR REPLACE INTO notified (way, grouping, data) VALUES (?, ?, ?)", told)
    holes = ", ".join("?" * 8)
    connection.executemany(f"INSERT INTO outbox ({COLUMNS}) VALUES ({holes})", [entry.row() for entry in entries])  # noqa: S608
    connection.executemany("DELETE FROM notices WHERE fingerprint = ?", [(ident,) for ident in flush.gone])


def _forget(connection: sqlite3.Connection, silences: Sequence[tuple[str]], lanes: Sequence[Lane]) -> None:
    connection.executemany("DELETE FROM silences WHERE id = ?", silences)
    connection.executemany("DELETE FROM notified WHERE way = ? AND grouping = ?", lanes)
