"""What the journal keeps of breakers: an event for each change, and people's decisions over a restart."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from kvmon.clock import Clock
from kvmon.journal.store import Journal
from kvmon.judge.breakers.entry import Key
from kvmon.model.evidence import OPS, Override, Verdict


class BreakerJournal:
    """Rows of `events` and `overrides`."""

    def __init__(self, journal: Journal, *, clock: Clock) -> None:
        self._journal = journal
        self._clock = clock

    async def event(self, verdict: Verdict, before: str) -> None:
        """A breaker changed its state."""
        subject = "/".join(part for part in (verdict.op, verdict.shard) if part)
        because = f": {verdict.reason_class}" if verdict.reason_class else ""
        text = f"The {verdict.op} breaker of {verdict.target} went from {before} to {verdict.state}{because}"
        data = {"before": before, "after": verdict.state, "mode": verdict.mode, "reason": verdict.reason_class,
                "generation": verdict.generation}  # fmt: skip
        row = (self._clock.time(), "breaker", verdict.target, subject, text, json.dumps(data))

        def work(connection: sqlite3.Connection) -> None:
            query = "INSERT INTO events (at, kind, target, subject, text, data) VALUES (?, ?, ?, ?, ?, ?)"
            connection.execute(query, row)

        await self._journal.commit(work)

    async def keep(self, key: Key, override: Override | None) -> None:
        """A person decided, or took it back."""
        target, op, shard = key
        now = self._clock.time()
        data: dict[str, Any] = {"op": op, "shard": shard, **(asdict(override) if override is not None else {"mode": "auto"})}
        text = f"{override.by} set {override.mode}: {override.reason}" if override is not None else "The override was ended"

        def work(connection: sqlite3.Connection) -> None:
            connection.execute("DELETE FROM overrides WHERE (target, op, shard) = (?, ?, ?) OR until <= ?", (*key, now))
            if override is not None:
                row = (*key, override.until, json.dumps(asdict(override)))
                connection.execute("INSERT INTO overrides (target, op, shard, until, data) VALUES (?, ?, ?, ?, ?)", row)
            event = (now, "override", target, "/".join(part for part in (op, shard) if part), text, json.dumps(data))
            query = "INSERT INTO events (at, kind, target, subject, text, data) VALUES (?, ?, ?, ?, ?, ?)"
            connection.execute(query, event)

        await self._journal.commit(work)

    async def kept(self) -> list[tuple[Key, Override]]:
        """The decisions that are still in force."""
        rows = await self._journal.read("SELECT target, op, shard, data FROM overrides WHERE until > ?", (self._clock.time(),))
        return list(_read(rows))


def _read(rows: list[tuple[Any, ...]]) -> Iterator[tuple[Key, Override]]:
    for target, op, shard, data in rows:
        known = next((each for each in OPS if each == op), None)
        try:
            override = Override(**json.loads(data))
        except (TypeError, ValueError):
            continue  # of a later version
        if known is not None and override.mode in ("forced_open", "forced_closed", "shadow"):
            yield (target, known, shard), override
