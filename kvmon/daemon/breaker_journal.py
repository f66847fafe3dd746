"""What the journal keeps of breakers: an event for each change, and over a restart people's decisions and backoffs."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from typing import Any, TypeVar

from kvmon.clock import Clock
from kvmon.journal.store import Journal
from kvmon.judge.breakers.breaker import Backoff
from kvmon.judge.breakers.entry import Key
from kvmon.model.evidence import OPS, Override, Verdict

T = TypeVar("T")

REMEMBERED = 3600.0
"""Seconds after which a backoff is forgotten: longer than healthy minutes need to take it back."""


class BreakerJournal:
    """Rows of `events`, `overrides` and `backoffs`."""

    def __init__(self, journal: Journal, *, clock: Clock) -> None:
        self._journal = journal
        self._clock = clock

    async def event(self, verdict: Verdict, before: str, backoff: Backoff) -> None:
        """A breaker changed its state, and has this backoff since then; its times are monotonic."""
        subject = "/".join(part for part in (verdict.op, verdict.shard) if part)
        because = f": {verdict.reason_class}" if verdict.reason_class else ""
        text = f"The {verdict.op} breaker of {verdict.target} went from {before} to {verdict.state}{because}"
        data = {"before": before, "after": verdict.state, "mode": verdict.mode, "reason": verdict.reason_class,
                "generation": verdict.generation}  # fmt: skip
        now = self._clock.time()
        row = (now, "breaker", verdict.target, subject, text, json.dumps(data))
        kept = asdict(self._moved(backoff, now - self._clock.monotonic()))
        learned = (verdict.target, verdict.op, verdict.shard, now, json.dumps(kept))

        def work(connection: sqlite3.Connection) -> None:
            query = "INSERT INTO events (at, kind, target, subject, text, data) VALUES (?, ?, ?, ?, ?, ?)"
            connection.execute(query, row)
            connection.execute("DELETE FROM backoffs WHERE at <= ?", (now - REMEMBERED,))
            connection.execute("INSERT OR REPLACE INTO backoffs (target, op, shard, at, data) VALUES (?, ?, ?, ?, ?)", learned)

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
        return [(key, found) for key, found in _read(rows, Override) if found.mode in ("forced_open", "forced_closed", "shadow")]

    async def backoffs(self) -> list[tuple[Key, Backoff]]:
        """What breakers had learned before the restart; times are monotonic."""
        now = self._clock.time()
        rows = await self._journal.read("SELECT target, op, shard, data FROM backoffs WHERE at > ?", (now - REMEMBERED,))
        return [(key, self._moved(kept, self._clock.monotonic() - now)) for key, kept in _read(rows, Backoff)]

    @staticmethod
    def _moved(backoff: Backoff, seconds: float) -> Backoff:
        return backoff if backoff.closed_at is None else replace(backoff, closed_at=backoff.closed_at + seconds)


def _read(rows: list[tuple[Any, ...]], made: Callable[..., T]) -> Iterator[tuple[Key, T]]:
    for target, op, shard, data in rows:
        known = next((each for each in OPS if each == op), None)
        try:
            value = made(**json.loads(data))
        except (TypeError, ValueError):
            continue  # of a later version
        if known is not None:
            yield (target, known, shard), value
