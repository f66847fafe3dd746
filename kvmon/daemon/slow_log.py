"""Where reading of slow logs has come to, across restarts: each entry is counted and pushed once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from kvmon.clock import Clock
from kvmon.journal.store import Journal
from kvmon.model.targets.target import Node
from kvmon.tell.sinks.datadog.slow import Slow
from kvmon.watch.collectors.slowlog import SlowlogMemory
from kvmon.watch.collectors.slowlog_entries import Entry, Seen

if TYPE_CHECKING:
    import sqlite3

EVERY = 15.0
"""Seconds between writes of the journal, where no push sets the pace."""

OLDEST = 3600.0
"""Seconds: after a longer stop reading begins anew, as what happened meanwhile would be told as of now."""

ALIVE = 60.0
"""Seconds between writes of the time alone, while nothing is slow."""

KEPT = 20_000
"""Entries that wait for a push; more are counted as missed."""

Key = tuple[str, str]
_NAME, _AT = "slowlog/", "slowlog/ at"


class Cursor(NamedTuple):
    """The process that keeps the log, and the id of the last entry that was taken; None: its log was empty."""

    run_id: str
    last_id: int | None


class SlowLog:
    """Fresh entries for the next push, and cursors for the next start.

    A cursor is saved after the entries up to it were pushed: a daemon that is killed pushes those of one push again.
    """

    def __init__(self, journal: Journal, *, clock: Clock) -> None:
        self._journal = journal
        self._clock = clock
        self._seen: dict[Key, Seen] = {}
        self._begin: dict[Key, Cursor] = {}
        self._drained: dict[Key, Cursor] = {}
        self._reached: dict[Key, Cursor] = {}
        self._saved: dict[Key, Cursor] = {}
        self._fresh: dict[Key, list[Slow]] = {}
        self._held = 0
        self._pushing = False
        self._saved_at = 0.0

    async def load(self) -> None:
        """Go on where an earlier daemon was."""
        if self._journal.folder is None:
            return
        rows = await self._journal.read("SELECT name, value FROM cursors WHERE name LIKE ?", (f"{_NAME}%",))
        found = {str(name): str(value) for name, value in rows}
        try:
            if self._clock.time() - float(found.pop(_AT)) > OLDEST:
                return
            for name, text in found.items():
                target, _, instance = name.removeprefix(_NAME).partition("/")
                run_id, last_id = json.loads(text)
                self._begin[target, instance] = Cursor(run_id, last_id)
        except (ValueError, KeyError, TypeError):
            self._begin.clear()  # not ours, or of another version: as at a first start

    def remembered(self, key: Key) -> Mapping[str, SlowlogMemory]:
        """What the collector of a node that is new, or has new options, begins with."""
        seen = self._seen.get(key)
        if seen is not None:
            return {"slowlog": SlowlogMemory(seen)}
        cursor = self._begin.pop(key, None)
        return {"slowlog": SlowlogMemory(Seen(cursor.run_id, cursor.last_id))} if cursor is not None else {}

    def keep(self, *, for_a_push: bool) -> None:
        """Whether fresh entries are kept for a push."""
        self._pushing = for_a_push
        if not for_a_push:
            self._fresh.clear()
            self._held = 0

    def seen(self, node: Node, seen: Seen | None) -> None:
        """A node was polled, and this is what is known of its log."""
        before = self._seen.get(node.key)
        if seen is None or seen is before or seen.run_id is None:
            return
        self._seen[node.key] = seen
        if not self._pushing:
            self._reached[node.key] = Cursor(seen.run_id, seen.last_id)
            return
        missed = max(0, seen.missed - (before.missed if before is not None else 0))
        taken: list[Entry] = list(reversed(seen.fresh))[: max(0, KEPT - self._held)]
        self._held += len(taken)
        if taken or missed or len(taken) < len(seen.fresh) or node.key not in self._reached:
            self._fresh.setdefault(node.key, []).append(Slow(node, taken, missed + len(seen.fresh) - len(taken)))

    def drain(self) -> list[Slow]:
        """What is new since the last push."""
        found, self._fresh, self._held = self._fresh, {}, 0
        seen = {key: self._seen[key] for key in found}
        self._drained = {key: Cursor(each.run_id, each.last_id) for key, each in seen.items() if each.run_id is not None}
        return [slow for every in found.values() for slow in every]

    def pushed(self) -> None:
        """What was drained last has been handed over."""
        self._reached.update(self._drained)
        self._drained = {}

    def forget(self, key: Key) -> None:
        """The node is no more."""
        for memory in (self._seen, self._drained, self._reached, self._saved, self._begin):
            memory.pop(key, None)
        self._held -= sum(len(slow.entries) for slow in self._fresh.pop(key, ()))

    async def save(self) -> None:
        """Write the cursors down that were reached."""
        if self._journal.folder is None:
            return
        at = self._clock.time()
        reached = {key: cursor for key, cursor in self._reached.items() if self._saved.get(key) != cursor}
        rows = [(f"{_NAME}{target}/{instance}", json.dumps(cursor)) for (target, instance), cursor in reached.items()]
        if rows or at - self._saved_at >= ALIVE:
            await self._journal.commit(lambda connection: _write(connection, [*rows, (_AT, str(at))]))
            self._saved.update(reached)
            self._saved_at = at

    async def run(self) -> NoReturn:
        """Save now and then, until cancelled; then once more."""
        try:
            while True:
                await asyncio.sleep(EVERY)
                await self.save()
        finally:
            await self.save()


def _write(connection: sqlite3.Connection, rows: list[tuple[str, str]]) -> None:
    connection.executemany("INSERT OR REPLACE INTO cursors (name, value) VALUES (?, ?)", rows)
