"""Batches that wait: files in a folder, so that they outlive the daemon; in memory where there is no folder."""

from __future__ import annotations

import itertools
import re
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import structlog

from kvmon.tell.sinks.datadog.agentless.batch import Batch, Kind

TOO_OLD = 3_540.0
"""Seconds: Datadog leaves out points of more than an hour, and answers 202 all the same; a minute is for the way."""

_NAME = re.compile(r"(\d{13})-(\d{6,})-(series|checks|events)-(\d+)\.batch")
log = structlog.get_logger("kvmon")


@dataclass(frozen=True, slots=True)
class Waiting:
    """A batch in the queue. `body` is None where it is in the file."""

    kind: Kind
    oldest: float
    count: int
    size: int
    path: Path | None = None
    body: bytes | None = None


class Queue:
    """First in, first out; at most `limit` bytes, then the oldest goes.

    Changed from one thread at a time; writes and reads files, which is a millisecond a megabyte.
    """

    def __init__(self, folder: Path | None, *, limit: int) -> None:
        self._folder = folder
        self._limit = limit
        self._numbers = itertools.count()
        self._waiting: deque[Waiting] = deque()
        self.size = 0
        self.count = 0
        """Entries of all batches."""
        self._told = False
        if folder is not None:
            self._find(folder)

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, batch: Batch) -> int:
        """Let it wait behind the others; how many entries had to go for it."""
        self._append(self._kept(batch))
        lost = 0
        while self.size > self._limit and len(self._waiting) > 1:
            lost += self._waiting[0].count
            self._remove(self._waiting[0])
        return lost

    def put_first(self, batches: Iterable[Batch]) -> None:
        """Let them wait before the others, in this order."""
        for batch in reversed(list(batches)):
            self._append(self._kept(batch), first=True)

    def head(self) -> Waiting | None:
        """The one that waits longest."""
        return self._waiting[0] if self._waiting else None

    def body(self, waiting: Waiting) -> bytes | None:
        """Its body; None where the file is gone."""
        if waiting.path is None:
            return waiting.body
        try:
            return waiting.path.read_bytes()
        except OSError:
            return None

    def done(self, waiting: Waiting) -> bool:
        """It waits no longer; whether it still did: it may have had to go meanwhile."""
        if waiting not in self._waiting:
            return False
        self._remove(waiting)
        return True

    def expire(self, now: float) -> int:
        """Forget what Datadog would leave out; how many entries that were."""
        old = [waiting for waiting in self._waiting if now - waiting.oldest > TOO_OLD]
        for waiting in old:
            self._remove(waiting)
        return sum(waiting.count for waiting in old)

    def _append(self, waiting: Waiting, *, first: bool = False) -> None:
        (self._waiting.appendleft if first else self._waiting.append)(waiting)
        self.size += waiting.size
        self.count += waiting.count

    def _remove(self, waiting: Waiting) -> None:
        self._waiting.remove(waiting)
        self.size -= waiting.size
        self.count -= waiting.count
        if waiting.path is not None:
            with suppress(OSError):
                waiting.path.unlink(missing_ok=True)

    def _kept(self, batch: Batch) -> Waiting:
        plain = Waiting(batch.kind, batch.oldest, batch.count, len(batch.body), body=batch.body)
        if self._folder is None:
            return plain
        name = f"{round(batch.oldest * 1000):013d}-{next(self._numbers):06d}-{batch.kind}-{batch.count}.batch"
        path, half = self._folder / name, self._folder / f".{name}"
        try:
            half.write_bytes(batch.body)
            half.replace(path)
        except OSError as error:
            if not self._told:
                self._told = True
                log.warning("what waits for Datadog stays in memory", folder=str(self._folder), error=error.strerror)
            return plain
        self._told = False
        return Waiting(batch.kind, batch.oldest, batch.count, len(batch.body), path)

    def _find(self, folder: Path) -> None:
        """What a daemon before us left."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
            paths = sorted(folder.iterdir())
        except OSError as error:
            log.warning("what waits for Datadog stays in memory", folder=str(folder), error=error.strerror)
            self._folder, self._told = None, True
            return
        for path in paths:
            found = _NAME.fullmatch(path.name)
            with suppress(OSError):
                if found is not None:
                    self._append(Waiting(Kind(found[3]), int(found[1]) / 1000, int(found[4]), path.stat().st_size, path))
                elif path.name.startswith(".") and path.name.endswith(".batch"):
                    path.unlink()  # half a file
        last = [int(found[2]) for path in paths if (found := _NAME.fullmatch(path.name))]
        self._numbers = itertools.count(max(last, default=-1) + 1)
