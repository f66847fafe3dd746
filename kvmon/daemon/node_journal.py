"""What the journal keeps of nodes: that they come and go, are restarted, change their role, are configured otherwise."""

from __future__ import annotations

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import NoReturn

from kvmon.clock import Clock
from kvmon.journal.store import Journal
from kvmon.model.snapshot import Snapshot

KEPT = 10_000
"""Events that may wait for the disk."""

ROLES = {"master": "primary", "slave": "replica"}

FACTS: Mapping[str, tuple[str, Callable[[str, str], str]]] = {
    "role": ("role_change", lambda old, new: f"went from {ROLES.get(old, old)} to {ROLES.get(new, new)}"),
    "run_id": ("restart", lambda *_: "was restarted"),
    "redis_version": ("version", lambda old, new: f"runs version {new} instead of {old}"),
    "valkey_version": ("version", lambda old, new: f"runs version {new} instead of {old}"),
    "maxmemory": ("config", lambda old, new: _changed("maxmemory", old, new)),
    "maxmemory_policy": ("config", lambda old, new: _changed("maxmemory-policy", old, new)),
}
"""Fields of INFO by which it is seen, with the kind of event, and its text."""

TOLD = frozenset({"maxmemory", "maxmemory-policy"})
"""Settings that INFO tells, too, with every poll and on every provider."""

LONGEST = 100
"""Characters of a setting that are told."""

Key = tuple[str, str]
Row = tuple[float, str, str, str, str]


class NodeJournal:
    """Rows of `events`: role_change, restart, version, config, node_found, node_gone.

    `settings` gives what CONFIG GET said of a node last, by name; nothing where it may not be asked.
    """

    def __init__(self, journal: Journal, *, clock: Clock, settings: Callable[[Key], Mapping[str, str]] = lambda _: {}) -> None:
        self._journal = journal
        self._clock = clock
        self._settings = settings
        self._last: dict[Key, tuple[str, ...]] = {}
        self._set: dict[Key, Mapping[str, str]] = {}
        self._nodes: Mapping[str, frozenset[str]] = {}
        self._rows: deque[Row] = deque(maxlen=KEPT)
        self._awake = asyncio.Event()

    def seen(self, snapshot: Snapshot) -> None:
        """A node was polled."""
        if not snapshot.up:
            return
        facts, key = snapshot.facts, snapshot.node.key
        now = tuple([facts.get(name, "") for name in FACTS])
        before = self._last.get(key)
        if now != before:
            self._last[key] = now
            for (kind, text), old, new in zip(FACTS.values(), before or (), now, strict=False):
                if old and new and old != new:
                    self._add(kind, *key, f"{key[1]} {text(old, new)}")
        self._configured(key, self._settings(key))

    def _configured(self, key: Key, settings: Mapping[str, str]) -> None:
        before = self._set.get(key)
        if settings is before or not settings:
            return
        self._set[key] = settings
        for name, new in settings.items():
            old = (before or {}).get(name)
            if old is not None and old != new and name not in TOLD:
                self._add("config", *key, f"{key[1]} {_changed(name, old, new)}")

    def forget(self, key: Key) -> None:
        """The node is no more."""
        self._last.pop(key, None)
        self._set.pop(key, None)

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


def _changed(name: str, old: str, new: str) -> str:
    words = (repr(value if len(value) <= LONGEST else value[:LONGEST] + "…") for value in (old, new))
    return f"had {name} changed from {' to '.join(words)}"


def _write(rows: list[Row], connection: sqlite3.Connection) -> None:
    connection.executemany("INSERT INTO events (at, kind, target, node, text) VALUES (?, ?, ?, ?, ?)", rows)
