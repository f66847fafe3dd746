"""Verdicts as they were last heard, and until when they may be believed. No I/O: time is handed in."""

from __future__ import annotations

import logging
import math
import random
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import Any

from kvmon_client.documents import boot_of, index_of
from kvmon_client.slots import slot_of
from kvmon_client.verdict import Verdict, read_verdict

log = logging.getLogger("kvmon_client")

Watcher = Callable[[Verdict, Verdict], object]
"""Called with the verdict before and after a change."""


@dataclass(frozen=True, slots=True)
class Ranges:
    """Permit ratios (None: unknown) of an op's shards by slot: range n is first[n]..last[n]."""

    first: tuple[int, ...]
    last: tuple[int, ...]
    shard: tuple[str, ...]
    ratio: tuple[float | None, ...]

    def find(self, slot: int) -> int:
        """The number of the range with this slot; -1 where no shard has it."""
        found = bisect_right(self.first, slot) - 1
        return found if found >= 0 and slot <= self.last[found] else -1


class Board:
    """What readers read without a lock: each change puts whole new tables in their place.

    `valid_until` is in seconds of `clock`. Where nothing is known the ratio is None, and the caller's policy decides.
    """

    def __init__(self, *, clock: Callable[[], float], chance: Callable[[], float] = random.random) -> None:
        self.clock = clock
        self.chance = chance
        self.valid_until = -math.inf
        self.boot = ""
        self.index = -1
        self.verdicts: Mapping[tuple[str, str, str], Verdict] = {}
        self.worst: Mapping[tuple[str, str], float | None] = {}
        self.ranges: Mapping[tuple[str, str], Ranges] = {}
        self.heard: Callable[[], object] = bool  # called whenever the lease is renewed
        self._watchers: list[Watcher] = []
        self._fresh = False
        self._told: Mapping[tuple[str, str, str], Verdict] = {}
        self._alone: Mapping[tuple[str, str, str], Verdict] = {}
        self._lock = Lock()
        self._writing = Lock()

    def ratio(self, target: str, op: str, shard: str | None, key: str | bytes | None) -> float | None:
        """How many of the calls may go, None where that is unknown: of a shard, of the shard of a key, else of the worst."""
        if self.clock() >= self.valid_until:
            return None
        if shard is not None:
            found = self.verdicts.get((target, op, shard))
            return found.ratio if found else None
        if key is not None and (ranges := self.ranges.get((target, op))):
            number = ranges.find(slot_of(key))
            return ranges.ratio[number] if number >= 0 else None
        return self.worst.get((target, op))

    def verdict(self, target: str, op: str, shard: str | None = None, key: str | bytes | None = None) -> Verdict:
        """The verdict in full; state `unknown` where none may be believed."""
        if self.clock() < self.valid_until:
            if shard is None and key is not None and (ranges := self.ranges.get((target, op))):
                number = ranges.find(slot_of(key))
                shard = ranges.shard[number] if number >= 0 else None
                if shard is None:
                    return Verdict(target, op)
            candidates = [v for (t, o, s), v in self.verdicts.items() if t == target and o == op and shard in (None, s)]
            if candidates:
                return min(candidates, key=lambda verdict: verdict.permit_ratio)
        return Verdict(target, op, shard or "")

    def snapshot(self, document: Mapping[str, Any]) -> None:
        """All verdicts anew. Raises ValueError where the document is none; then nothing changes."""
        rows = document.get("breakers")
        if not isinstance(rows, list):
            raise ValueError("there is no list of breakers")
        verdicts = [read_verdict(row) for row in rows]
        self.boot = boot_of(document)
        self.index = index_of(document)
        self._replace(told={(v.target, v.op, v.shard): v for v in verdicts})

    def change(self, document: Mapping[str, Any]) -> None:
        """One verdict anew, unless something newer is known. Raises ValueError where the document is none."""
        verdict, index = read_verdict(document.get("breaker")), index_of(document)
        if index > self.index:
            self.index = index
            self._replace(told={**self._told, (verdict.target, verdict.op, verdict.shard): verdict})

    def advise(self, documents: object) -> None:
        """What the daemon says to this process alone, whose calls fail while others' work; anew each time, `[]` for nothing.

        Raises ValueError where that is no list of documents; then nothing changes.
        """
        if not isinstance(documents, list):
            raise ValueError("there is no list of breakers")
        alone = {(v.target, v.op, v.shard): v for v in map(read_verdict, documents)}
        if alone != self._alone:
            self._replace(alone=alone)

    def renew(self, seconds: float) -> None:
        """What is known may be believed for so long from now. A board that heard no verdicts yet has nothing to believe."""
        if self.index >= 0:
            self.valid_until = self.clock() + min(max(seconds, 0.0), 3600.0)
            self.heard()
            if not self._fresh:
                self._fresh = True
                self._tell({}, self.verdicts)

    def expire(self) -> None:
        """Tell the watchers once that the lease is over."""
        if self._fresh and self.clock() >= self.valid_until:
            self._fresh = False
            self._tell(self.verdicts, {})

    def watch(self, callback: Watcher) -> Callable[[], None]:
        """Have it called on each change; the answer ends that. What it raises is logged and harms nobody."""
        with self._lock:
            self._watchers.append(callback)

        def end() -> None:
            with self._lock:
                if callback in self._watchers:
                    self._watchers.remove(callback)

        return end

    def after_fork(self) -> None:
        """Another process has no use for a lock that someone else held, and is another reporter."""
        self._lock, self._writing = Lock(), Lock()
        self._alone = {}
        self._replace()

    def _replace(
        self,
        *,
        told: Mapping[tuple[str, str, str], Verdict] | None = None,
        alone: Mapping[tuple[str, str, str], Verdict] | None = None,
    ) -> None:
        # Two threads write: the one that follows, and the one that reports. Watchers hear of changes in their order.
        with self._writing:
            self._told = self._told if told is None else told
            self._alone = self._alone if alone is None else alone
            before, self.verdicts = self.verdicts, {key: self._stricter(key, verdict) for key, verdict in self._told.items()}
            self.ranges = _ranges(self.verdicts.values())
            self.worst = _worst(self.verdicts.values())
            if self._fresh:
                self._tell(before, self.verdicts)

    def _stricter(self, key: tuple[str, str, str], verdict: Verdict) -> Verdict:
        alone = self._alone.get(key)
        return alone if alone is not None and alone.permit_ratio < verdict.permit_ratio else verdict

    def _tell(self, before: Mapping[tuple[str, str, str], Verdict], after: Mapping[tuple[str, str, str], Verdict]) -> None:
        with self._lock:
            watchers = tuple(self._watchers)
        if not watchers:
            return
        for key in before.keys() | after.keys():
            was, now = before.get(key) or Verdict(*key), after.get(key) or Verdict(*key)
            if was == now:
                continue
            for watcher in watchers:
                try:
                    watcher(was, now)
                except Exception:
                    log.exception("a callback of watch() failed")


def _worst(verdicts: Iterable[Verdict]) -> dict[tuple[str, str], float | None]:
    """Of each op the lowest ratio that is known."""
    worst: dict[tuple[str, str], float | None] = {}
    for verdict in verdicts:
        key, ratio = (verdict.target, verdict.op), verdict.ratio
        known = worst.get(key)
        worst[key] = ratio if known is None else known if ratio is None else min(known, ratio)
    return worst


def _ranges(verdicts: Iterable[Verdict]) -> dict[tuple[str, str], Ranges]:
    rows: dict[tuple[str, str], list[tuple[int, int, str, float | None]]] = {}
    for verdict in verdicts:
        for first, last in verdict.slots:
            rows.setdefault((verdict.target, verdict.op), []).append((first, last, verdict.shard, verdict.ratio))
    return {key: Ranges(*map(tuple, zip(*sorted(found), strict=True))) for key, found in rows.items()}
