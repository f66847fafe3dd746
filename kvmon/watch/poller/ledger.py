"""What is counted about the polls of a node, as samples."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from kvmon.model.metrics.catalogue import polls
from kvmon.model.metrics.sample import Sample
from kvmon.model.snapshot import Failure
from kvmon.watch.poller.roster import Roster

_UP = (Sample(polls.UP, 1.0), Sample(polls.KVMON_UP, 1.0), Sample(polls.LAST_ERROR, 0.0, ("",)))
_DOWN = (Sample(polls.UP, 0.0), Sample(polls.KVMON_UP, 0.0))
_NO_KEY_GROUPS = Sample(polls.KEY_GROUPS_DURATION, 0.0)


class Ledger:
    """Counts over the life of a node's poller."""

    def __init__(self) -> None:
        self._failures: Counter[tuple[str, str]] = Counter()
        self._failure_samples: list[Sample] = []
        self._supported: dict[str, Sample] = {}
        self._polls = 0
        self._seconds = 0.0

    def count(self, failures: Iterable[Failure], duration: float) -> None:
        """Enter one poll."""
        self._polls += 1
        self._seconds += duration
        keys = [(failure.collector, failure.reason) for failure in failures]
        if keys:
            self._failures.update(keys)
            self._failure_samples = [Sample(polls.FAILURES, count, key) for key, count in self._failures.items()]

    def up(self, roster: Roster, *, duration: float, lateness: float, connect_time: float) -> list[Sample]:
        """The samples of a poll that was answered."""
        return [
            *_UP,
            *self._timing(duration, lateness),
            Sample(polls.LAST_CONNECT, connect_time),
            _NO_KEY_GROUPS,
            *self._support(roster),
            *self._failure_samples,
        ]

    def down(self, failure: Failure, *, duration: float, lateness: float) -> list[Sample]:
        """The samples of a poll that failed: about the poll alone, as everything else has ended."""
        error = Sample(polls.LAST_ERROR, 1.0, (failure.reason,))
        return [*_DOWN, error, *self._timing(duration, lateness), *self._failure_samples]

    def _timing(self, duration: float, lateness: float) -> Sequence[Sample]:
        return (
            Sample(polls.DURATION, duration),
            Sample(polls.LATENESS, lateness),
            Sample(polls.LAST_DURATION, duration),
            Sample(polls.SCRAPES, self._polls),
            Sample(polls.SCRAPE_DURATION, self._seconds, (), "_sum"),
            Sample(polls.SCRAPE_DURATION, self._polls, (), "_count"),
        )

    def _support(self, roster: Roster) -> list[Sample]:
        used = [(entry.collector.name, 1.0 if entry.needed and not entry.off else 0.0) for entry in roster.entries]
        return [self._supports(name, value) for name, value in used]

    def _supports(self, name: str, value: float) -> Sample:
        known = self._supported.get(name)
        if known is None or known.value != value:
            known = self._supported[name] = Sample(polls.SUPPORTED, value, (name,))
        return known
