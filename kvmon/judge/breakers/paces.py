"""How long calls of applications take: whether what works for them has become slow."""

from __future__ import annotations

from dataclasses import dataclass, field

from kvmon.judge.breakers.slow import Slowness
from kvmon.model.targets.thresholds import DEFAULTS, Thresholds

REPORTERS = 1_000
"""Reporters that are told apart; what others say is passed over."""


@dataclass(slots=True)
class _Pace:
    second: int
    calls: int = 0
    milliseconds: float = 0.0
    slowness: Slowness = field(default_factory=Slowness)


class Paces:
    """The mean of a reporter's calls that succeeded within a second is a try of its own; it is compared with its own usual one.

    An application that does dearer things than another is not slow for that. Times are monotonic seconds.
    """

    def __init__(self, rules: Thresholds = DEFAULTS) -> None:
        self._rules = rules
        self._paces: dict[str, _Pace] = {}

    def add(self, reporter: str, calls: int, milliseconds: float, now: float) -> None:
        """So many calls succeeded, and took so long together."""
        second = int(now)
        pace = self._paces.get(reporter)
        if pace is None:
            if len(self._paces) >= REPORTERS:
                return
            pace = self._paces[reporter] = _Pace(second)
        if second != pace.second:
            if pace.calls:
                pace.slowness.take(pace.milliseconds / pace.calls / 1000, self._rules)
            pace.second, pace.calls, pace.milliseconds = second, 0, 0.0
        pace.calls += calls
        pace.milliseconds += milliseconds

    def slow(self, now: float) -> bool:
        """Whether it is slow for enough of those who reported within the window."""
        oldest = now - self._rules.window - 1
        self._paces = {reporter: pace for reporter, pace in self._paces.items() if pace.second > oldest}
        slow = sum(pace.slowness.slow for pace in self._paces.values())
        return slow >= max(1, min(self._rules.reporters, len(self._paces)), 0.5 * len(self._paces))
