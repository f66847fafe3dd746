"""What has been seen of a log that forgets its oldest entries: slow log and command log."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from kvmon.model.conversation import Malformed, Reply
from kvmon.watch.collectors.key_shape import FIRST, key_shape
from kvmon.watch.collectors.shapes import array, integer, text

OTHER = "other"
"""Stands for the commands beyond the allowed number of names."""

OURS = b"kvmon"
"""What kvmon calls its connections."""

_COMMAND = re.compile(r"[a-z0-9][a-z0-9_.|:-]{0,63}")
_MORE = re.compile(rb"\.\.\. \((\d{1,9}) more arguments\)")


class Entry(NamedTuple):
    """One entry without what the user sent: `at` Unix seconds, `cost` seconds (or bytes), `arguments` how many.

    `shape` is what its key has in common with others of its kind, empty where it has none; `ours`: kvmon sent it.
    """

    id: int
    at: int
    cost: float
    command: str
    arguments: int
    shape: str = ""
    ours: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """What was counted so far. `last_id` is None where the log was empty at the first look, and ids are yet unknown."""

    run_id: str | None = None
    last_id: int | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    costs: Mapping[str, float] = field(default_factory=dict)
    missed: int = 0
    recent: tuple[Entry, ...] = ()
    fresh: tuple[Entry, ...] = ()
    """What the last look counted, newest first."""

    def floor(self, run_id: str, entries: Sequence[Entry]) -> int | None:
        """The id above which entries are new: -1 after a restart, when ids begin at 0 again."""
        if run_id != self.run_id or (entries and self.last_id is not None and entries[0].id < self.last_id):
            return -1
        return self.last_id

    def unread(self, run_id: str, entries: Sequence[Entry], length: int) -> int:
        """How many new entries lie behind the ones that were read; 0 when all are there."""
        if self.run_id is None or not entries or length <= len(entries):
            return 0
        floor = self.floor(run_id, entries)
        behind = length - len(entries)
        return behind if floor is None else min(behind, max(0, entries[-1].id - floor - 1))

    def after(self, run_id: str, entries: Sequence[Entry], length: int, *, names: int, keep: int) -> Seen:
        """The next state. `entries` are the newest of the log, newest first and without gaps, `length` is its length."""
        if self.run_id is None:
            # What is in the log at the first look happened before: counting it would be a jump at each start of kvmon.
            commands = {entry.command for entry in entries}
            counts = dict.fromkeys(sorted(commands)[:names], 0)
            return Seen(run_id, entries[0].id if entries else None, counts, dict.fromkeys(counts, 0.0), 0, tuple(entries[:keep]))
        floor = self.floor(run_id, entries)
        fresh = [entry for entry in entries if floor is None or entry.id > floor]
        if not fresh:
            recent = self.recent if run_id == self.run_id else ()
            return replace(self, run_id=run_id, last_id=floor, recent=recent, fresh=())
        counts, costs = dict(self.counts), dict(self.costs)
        for entry in fresh:
            name = entry.command if entry.command in counts or len(counts) < names else OTHER
            counts[name] = counts.get(name, 0) + 1
            costs[name] = costs.get(name, 0.0) + max(0.0, entry.cost)
        passed = length if floor is None else fresh[0].id - floor
        older = () if floor == -1 else self.recent
        recent = (*fresh, *older)[:keep]
        missed = self.missed + max(0, passed - len(fresh))
        return Seen(run_id, fresh[0].id, counts, costs, missed, recent, tuple(fresh))


def entries_of(command: str, reply: Reply, *, per: int) -> list[Entry]:
    """The entries of a reply, newest first; the third number of each is divided by `per`."""
    entries = [_entry(command, item, per) for item in array(command, reply)]
    return sorted({entry.id: entry for entry in entries}.values(), reverse=True)


def merged(first: Sequence[Entry], second: Sequence[Entry]) -> list[Entry]:
    """Two looks at one log as one, newest first."""
    return sorted({entry.id: entry for entry in (*first, *second)}.values(), reverse=True)


def _entry(command: str, item: Reply, per: int) -> Entry:
    parts = array(command, item)
    if len(parts) < 4:
        raise Malformed(f"{command}: an entry has {len(parts)} parts, at least 4 were expected")
    words = array(command, parts[3])
    name = text(command, words[0]).lower() if words else ""
    count = max(0, len(words) - 1)
    more = _MORE.fullmatch(words[-1]) if words and isinstance(words[-1], bytes) else None
    if more:
        count += int(more[1]) - 1
    numbers = [integer(command, part) for part in parts[:3]]
    # The first word is the command's name; of all others only the shape of a key leaves this function.
    key = words[1] if len(words) > 1 and name in FIRST else None
    shape = key_shape(key) if isinstance(key, bytes) else ""
    ours = len(parts) > 5 and parts[5] == OURS
    return Entry(numbers[0], numbers[1], numbers[2] / per, name if _COMMAND.fullmatch(name) else OTHER, count, shape, ours)
