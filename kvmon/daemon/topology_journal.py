"""What the journal keeps of topologies: nodes that come and go, that are restarted, and that change their role."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from collections.abc import Iterable, Mapping
from functools import partial
from typing import NoReturn

from kvmon.clock import Clock
from kvmon.journal.store import Journal
from kvmon.model.snapshot import Snapshot

KEPT = 10_000
"""Events that may wait for the disk."""

ROLES = {"master": "primary", "slave": "replica"}

Row = tuple[float, str, str, str, str]


class TopologyJournal:
    """Rows of `events`: role_change, restart, node_found, node_gone."""

    def __init__(self, journal: Journal, *, clock: Clock) -> None:
        self._journal = journal
        self._clock = clock
        self._last: dict[tuple[str, str], tuple[str, str]] = {}
        self._nodes: Mapping[str, frozenset[str]] = {}
        self._rows: deque[Row] = deque(maxlen=KEPT)
        self._awake = asyncio.Event()

    def seen(self, snapshot: Snapshot) -> None:
        """A node was polled."""
        facts, key = snapshot.facts, snapshot.node.key
        now = (facts.get("role", ""), facts.get("run_id", ""))
        before = self._last.get(key)
        if not snapshot.up or now == before:
            return
        self._last[key] = now
        if before is None:
            return
        target, node = key
        for kind, old, new in (("role_change", before[0], now[0]), ("restart", before[1], now[1])):
            if old and new and old != new:
                roles = f" from {ROLES.get(old, old)} to {ROLES.get(new, new)}" if kind == "role_change" else ""
                self._add(kind, target, node, f"{node} went{roles}" if roles else f"{node} was restarted")

    def forget(self, key: tuple[str, str]) -> None:
        """The node is no more."""
        self._last.pop(key, None)

    def nodes(self, found: Iterable[tuple[str, frozenset[str]]]) -> None:
        """These are the nodes of all targets now. What is there from the start, or leaves with its target, is no event."""
        after = dict(found)
        for target, instances in after.items():
            before = self._nodes.get(target, instances)
            for node in sorted(instances - before):
                self._add("node_found", target, node, f"{node} was found")
            for node in sorted(before - instances):
                self._add("node_gone", target, node, f"{node} is announced no more")
        self._nodes = after

    async def run(self) -> NoReturn:
        """Write until cancelled."""
        while True:
            await self._awake.wait()
            self._awake.clear()
            rows = list(self._rows)
            self._rows.clear()
            await self._journal.commit(partial(_write, rows))

    def _add(self, kind: str, target: str, node: str, text: str) -> None:
        self._rows.append((self._clock.time(), kind, target, node, text))
        self._awake.set()


def _write(rows: list[Row], connection: sqlite3.Connection) -> None:
    connection.executemany("INSERT INTO events (at, kind, target, node, text) VALUES (?, ?, ?, ?, ?)", rows)
