"""Where passes have come to, across restarts."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING

from kvmon.journal.store import Journal

if TYPE_CHECKING:
    import sqlite3

_NAME = "scan/"


class ScanJournal:
    """Rows of `cursors`, one for each shard of a target. A row counts only under the signature that it was written with."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._read: dict[str, tuple[str, str]] = {}
        self._written: dict[str, str] = {}

    async def load(self) -> None:
        """Read what an earlier daemon wrote."""
        if self._journal.folder is None:
            return
        for name, value in await self._journal.read("SELECT name, value FROM cursors WHERE name LIKE ?", (f"{_NAME}%",)):
            try:
                signature, text = json.loads(str(value))
            except (ValueError, TypeError):
                continue
            self._read[str(name)] = str(signature), str(text)

    def text(self, target: str, shard: str, signature: str) -> str | None:
        """What was written for a shard, once."""
        found = self._read.pop(f"{_NAME}{target}/{shard}", None)
        return found[1] if found is not None and found[0] == signature else None

    async def save(self, states: Iterable[tuple[str, str, str, str]]) -> None:
        """Write (target, shard, signature, text) down where it is new, and delete the rows of targets that are no more."""
        if self._journal.folder is None:
            return
        texts = {f"{_NAME}{target}/{shard}": (signature, text) for target, shard, signature, text in states}
        new = [(name, json.dumps(each)) for name, each in texts.items() if self._written.get(name) != each[1]]
        gone = [(name,) for name in self._written if name not in texts]
        if not new and not gone:
            return
        self._written = {name: text for name, (_, text) in texts.items()}

        def work(connection: sqlite3.Connection) -> None:
            connection.executemany("INSERT OR REPLACE INTO cursors (name, value) VALUES (?, ?)", new)
            connection.executemany("DELETE FROM cursors WHERE name = ?", gone)

        await self._journal.commit(work)
