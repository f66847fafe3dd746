"""The recent history of series that are written together: one column of times, a row of values for each."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Sequence
from collections.abc import Set as AbstractSet

from kvmon.judge.promql.labels import Labelset
from kvmon.judge.window.tail import Tail

NOTHING: frozenset[int] = frozenset()

ROW = 120
"""Bytes that a row takes beside its values: its array, its time, its places in lists."""


class Frame:
    """Rows by time. A row is as wide as there were columns when it was written; `gone` are the columns it has no value of.

    A column that is gone ended with the row before: that is what Prometheus' stale markers say. It is kept beside the values,
    so that NaN stays a value.
    """

    __slots__ = (
        "_after", "_gone", "_rows", "_upto", "at", "columns", "holed", "missing", "narrowest", "newest", "part", "part_times",
        "size", "tails", "times", "written",
    )  # fmt: skip

    def __init__(self) -> None:
        self.columns: list[Column] = []
        self.times: list[int] = []
        self._rows: list[array[float]] = []
        self._gone: list[frozenset[int]] = []
        self.size = 0
        """Bytes of values and times, about."""
        self.tails = 0
        """Bytes of what columns keep for themselves, about."""
        self.written = 0
        """Rows so far."""
        self.part: list[array[float]] = []
        self.part_times: list[int] = []
        self.newest: array[float] | None = None
        self._forget_question()

    def __len__(self) -> int:
        return len(self.times)

    @property
    def last(self) -> array[float] | None:
        """The newest row; None before the first."""
        return self._rows[-1] if self._rows else None

    @property
    def last_gone(self) -> frozenset[int]:
        """The columns that the newest row has no value of."""
        return self._gone[-1] if self._gone else NOTHING

    def rows(self) -> tuple[Sequence[array[float]], Sequence[frozenset[int]]]:
        """All rows, and what they have no value of, as they are now."""
        return self._rows[:], self._gone[:]

    def column(self, labels: Labelset) -> Column:
        """A new column."""
        made = Column(self, len(self.columns), labels)
        self.columns.append(made)
        return made

    def record(self, at: int, row: array[float], gone: frozenset[int] = NOTHING) -> bool:
        """Write a row; False where it is not newer than the last, as of a clock that was set back."""
        if self.times and at <= self.times[-1]:
            return False
        self.times.append(at)
        self._rows.append(row)
        self._gone.append(self.last_gone if gone == self.last_gone else gone)  # one object as long as it is the same
        self.size += 8 * len(row) + ROW
        self.written += 1
        self._forget_question()
        return True

    def drop(self, upto: int) -> None:
        """Forget what is not newer than this time (ms), but for the columns that keep more."""
        count = bisect_right(self.times, upto)
        if count == 0:
            return
        for column in self.columns:
            if column.reach:
                column.keep(self.times[:count], self._rows[:count], self._gone[:count])
        self.weigh()
        self.size -= sum(8 * len(row) + ROW for row in self._rows[:count])
        del self.times[:count], self._rows[:count], self._gone[:count]
        self._forget_question()

    def age(self, now: int, upto: int = 0) -> None:
        """Forget what columns keep for themselves where it is further from a time (ms) than they reach, or not after `upto`."""
        for column in self.columns:
            tail = column.tail
            if tail is not None:
                tail.forget(max(upto, now - column.reach))
                if not tail.times:
                    column.tail = None
        self.weigh()

    def weigh(self) -> None:
        """Look anew at how much columns keep for themselves."""
        self.tails = sum(column.tail.size for column in self.columns if column.tail is not None)

    def dead(self) -> list[Column]:
        """The columns that no row has a value of any more."""
        dead = set(self.last_gone)
        looked = set[tuple[int, int]]()
        for row, gone in zip(self._rows, self._gone, strict=True):
            if dead and (kind := (id(gone), len(row))) not in looked:
                looked.add(kind)
                dead = {place for place in dead if place in gone or place >= len(row)}
        return [self.columns[place] for place in sorted(dead) if self.columns[place].tail is None]

    def remove(self, columns: Sequence[Column]) -> None:
        """Take columns out."""
        gone = {column.place for column in columns}
        kept = [place for place in range(len(self.columns)) if place not in gone]
        moved = {old: new for new, old in enumerate(kept)}
        self._rows = [array("d", [row[place] for place in kept if place < len(row)]) for row in self._rows]
        self.size = sum(8 * len(row) + ROW for row in self._rows)
        self._gone = [frozenset(moved[place] for place in each if place in moved) for each in self._gone]
        self.columns = [self.columns[place] for place in kept]
        for place, column in enumerate(self.columns):
            column.place = place
        for column in columns:
            column.place = -1
        self._forget_question()

    def ask(self, after: int, upto: int) -> None:
        """Find the rows in (after, upto], once for all columns that are asked the same."""
        low, high = bisect_right(self.times, after), bisect_right(self.times, upto)
        self.part = self._rows[low:high]
        self.part_times = self.times[low:high]
        self.newest = self.part[-1] if self.part else None
        self.at = self.part_times[-1] if self.part else 0
        self.missing = self._gone[high - 1] if self.part else NOTHING
        self.narrowest = min(map(len, self.part), default=0)
        holes = {id(each): each for each in self._gone[low:high] if each}
        self.holed = frozenset().union(*holes.values()) if holes else NOTHING
        self._after, self._upto = after, upto

    def asked(self, after: int, upto: int) -> bool:
        """Whether the last question was this one."""
        return self._upto == upto and self._after == after

    def holes(self, place: int, after: int, upto: int) -> tuple[list[int], list[float]]:
        """Times and values of a column that rows in between have no value of."""
        low, high = bisect_right(self.times, after), bisect_right(self.times, upto)
        found = [
            (at, row[place])
            for at, row, gone in zip(self.times[low:high], self._rows[low:high], self._gone[low:high], strict=True)
            if place < len(row) and place not in gone
        ]
        return [at for at, _ in found], [value for _, value in found]

    def _forget_question(self) -> None:
        self._after = self._upto = -1
        self.part, self.part_times, self.newest = [], [], None
        self.at = self.narrowest = 0
        self.missing = self.holed = NOTHING


class Column:
    """One series of a frame: what `promql` reads. `reach` (ms) is how far back it is kept, if further than the frame; else 0."""

    __slots__ = ("frame", "labels", "place", "reach", "tail")

    def __init__(self, frame: Frame, place: int, labels: Labelset) -> None:
        self.frame = frame
        self.place = place
        self.labels = labels
        self.reach = 0
        self.tail: Tail | None = None

    def latest(self, after: int, upto: int) -> tuple[int, float] | None:
        """See Series."""
        frame, place = self.frame, self.place
        if not frame.asked(after, upto):
            frame.ask(after, upto)
        row = frame.newest
        if row is None:
            return self.tail.latest(after, upto) if self.tail is not None else None
        if place in frame.missing or not 0 <= place < len(row):
            return None
        return frame.at, row[place]

    def span(self, after: int, upto: int) -> tuple[Sequence[int], Sequence[float]]:
        """See Series."""
        frame, place = self.frame, self.place
        if not frame.asked(after, upto):
            frame.ask(after, upto)
        if place < 0:
            return [], []
        if place >= frame.narrowest or place in frame.holed:
            times, values = frame.holes(place, after, upto)
        else:
            times, values = frame.part_times, [row[place] for row in frame.part]
        if self.tail is not None and (not frame.times or after < frame.times[0]):
            earlier, old = self.tail.span(after, upto)
            return [*earlier, *times], [*old, *values]
        return times, values

    def keep(self, times: Sequence[int], rows: Sequence[array[float]], gone: Sequence[AbstractSet[int]]) -> None:
        """Keep for itself what the frame is about to forget."""
        if self.tail is None:
            self.tail = Tail.empty(self.labels)
        self.tail.grow(self.place, times, rows, gone)
        self.tail.forget(times[-1] - self.reach, lazily=True)
        if not self.tail.times:
            self.tail = None
