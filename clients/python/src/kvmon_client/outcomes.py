"""Outcomes of calls, counted until they are sent. No I/O; any thread may count."""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Any
from uuid import uuid4

KINDS = 150
"""Different (target, op, shard, class) of one batch, so that it stays below 64 KiB; outcomes of others are dropped."""

LONGEST_WINDOW = 60_000
"""Milliseconds, as much as the daemon takes: a process may have been suspended."""

CLASS = re.compile(r"[a-z][a-z0-9_]{0,31}")

KEPT = 10
"""Batches that wait for a daemon that is away: as many seconds as the daemon looks back."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What is sent at once. Its id stays the same when it is sent again, so that it counts once."""

    id: str
    body: bytes
    count: int
    at: float


class Outcomes:
    """Counts by target, op, shard and class. `dropped` outcomes never reached the daemon."""

    def __init__(self, *, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.dropped = 0
        self.sent = 0
        self.reset()

    def reset(self) -> None:
        """Begin anew as another reporter, with nothing counted: after a fork the parent sends what it counted."""
        self.reporter = str(uuid4())
        self._lock = Lock()
        self._rows: dict[tuple[str, str, str, str], list[float]] = {}
        self._since = self._clock()
        self._waiting: deque[Batch] = deque()

    def add(self, target: str, op: str, shard: str, outcome: str, seconds: float) -> None:
        """Count one; `outcome` is `ok` or a class of failure."""
        key = (target, op, shard, outcome)
        with self._lock:
            row = self._rows.get(key)
            if row is None:
                if len(self._rows) >= KINDS or not _takes(*key):
                    self.dropped += 1
                    return
                row = self._rows[key] = [0, 0.0]
            row[0] += 1
            row[1] += seconds

    def batch(self) -> Batch | None:
        """The oldest that is to be sent; None where there is nothing. It stays until it is `taken` or `lost`."""
        self._close()
        return self._waiting[0] if self._waiting else None

    def taken(self) -> None:
        """The daemon has it."""
        self.sent += self._waiting.popleft().count

    def lost(self) -> None:
        """The daemon will never take it."""
        self.dropped += self._waiting.popleft().count

    def _close(self) -> None:
        now = self._clock()
        with self._lock:
            rows, self._rows = self._rows, {}
            since, self._since = self._since, now
        if rows:
            self._waiting.append(self._batch(rows, now, now - since))
        while len(self._waiting) > KEPT or (self._waiting and now - self._waiting[0].at > KEPT):
            self.lost()

    def _batch(self, rows: dict[tuple[str, str, str, str], list[float]], now: float, window: float) -> Batch:
        name = str(uuid4())
        outcomes: list[dict[str, Any]] = [
            {
                "target": target, "op": op, "shard": shard, "class": outcome,
                "count": int(count), "latency_ms_sum": round(1000 * seconds, 3),
            }
            for (target, op, shard, outcome), (count, seconds) in rows.items()
        ]  # fmt: skip
        milliseconds = min(max(1, round(1000 * window)), LONGEST_WINDOW)
        document = {"reporter": self.reporter, "batch": name, "window_ms": milliseconds, "outcomes": outcomes}
        return Batch(name, json.dumps(document).encode(), sum(row["count"] for row in outcomes), now)


def _takes(target: str, op: str, shard: str, outcome: str) -> bool:
    """Whether the daemon would: it refuses a whole batch for one row that is wrong."""
    return 0 < len(target) <= 64 and op in ("read", "write") and len(shard) <= 128 and CLASS.fullmatch(outcome) is not None
