"""Slowness: whether an op that succeeds takes so much longer than it used to that less should be asked of it."""

from __future__ import annotations

from collections import deque

from kvmon.model.targets.thresholds import DEFAULTS, Thresholds

SAMPLES = 10
"""Tries that are looked at."""

WEIGHT = 0.05
"""Of a new try in what is usual."""


class Slowness:
    """Of one op of one shard. Only tries that succeeded count, and slow ones do not change what is usual."""

    def __init__(self) -> None:
        self.usual: float | None = None
        self.slow = False
        self._recent: deque[bool] = deque(maxlen=SAMPLES)

    def take(self, seconds: float, rules: Thresholds = DEFAULTS) -> None:
        """A try succeeded and took so long. It ends when half as many are slow as began it."""
        slow = self.usual is not None and seconds > max(rules.slow_duration, rules.slow_factor * self.usual)
        if not slow:
            self.usual = seconds if self.usual is None else self.usual + WEIGHT * (seconds - self.usual)
        self._recent.append(slow)
        share = sum(self._recent) / SAMPLES
        self.slow = share >= (rules.slow_ratio / 2 if self.slow else rules.slow_ratio)

    def forget(self) -> None:
        """Something failed: what comes after it is looked at anew."""
        self._recent.clear()
        self.slow = False
