"""Distrust of ourselves: when what looks like failing servers is more likely a failing monitor, nothing is concluded."""

from __future__ import annotations

from collections.abc import Callable

LAG = 1.0
"""Seconds that the event loop may be late."""

LATE = 0.1
"""Seconds of lateness by which durations say nothing."""

JUMP = 2.0
"""Seconds by which the wall clock may differ from the time that passed."""

CALM = 5.0
"""Seconds without any of this until probes are believed again."""

MANY = 3
"""Unrelated targets that fail at the same time."""

TOGETHER = 5.0
"""Seconds that are the same time."""

PATIENCE = 1.5
"""Seconds in which others would fail too, if it were our network."""

FRESH = 2.0
"""Seconds for which the control's answer is believed."""


class Tilt:
    """Is told of lateness, of failures and of the control address; says whether to believe failures.

    `ask` is called when the control has to be tried: `control` is to be told what came of it. Without a control address
    (None), or with fewer `hosts` than many, failures are believed. Times are monotonic seconds.
    """

    def __init__(self, ask: Callable[[], None] | None = None) -> None:
        self.ask = ask
        self.reason = ""
        self._until = self._late_until = 0.0
        self.hosts = 0
        self._failed: dict[str, tuple[float, float]] = {}
        self._control: tuple[bool, float] | None = None
        self._asking = False

    def on(self, now: float) -> bool:
        """Whether it distrusts itself now."""
        if now >= self._until:
            self.reason = ""
        return bool(self.reason)

    def lagged(self, seconds: float, now: float) -> None:
        """The event loop was so late."""
        if seconds > LATE:
            self._late_until = now + FRESH
        if seconds > LAG:
            self._distrust("lag", now)

    def late(self, now: float) -> bool:
        """Whether durations that were measured lately say more about us than about servers."""
        return now < self._late_until

    def jumped(self, seconds: float, now: float) -> None:
        """The wall clock went so much further than time, or less."""
        if abs(seconds) > JUMP:
            self._distrust("clock", now)

    def controlled(self, *, ok: bool, now: float) -> None:
        """The control address was tried."""
        self._asking = False
        self._control = (ok, now)

    def believes(self, where: str, now: float) -> bool:
        """Whether a failure there counts. `where` is what targets that fail for one reason have in common: their host.

        With a control address a failure counts once that has been reached, or once it is clear that few others fail.
        """
        self._failed = {each: span for each, span in self._failed.items() if now - span[1] <= TOGETHER}
        first, _ = self._failed.get(where, (now, now))
        self._failed[where] = (first, now)
        if self.ask is None or self.hosts < MANY:
            return not self.on(now)
        if self._control is None or now - self._control[1] > FRESH:
            if not self._asking:
                self._asking = True
                self.ask()
            return False
        reached, _ = self._control
        if not reached and len(self._failed) >= MANY:
            self._distrust("network", now)
        return not self.on(now) and (reached or now - min(first for first, _ in self._failed.values()) > PATIENCE)

    def _distrust(self, reason: str, now: float) -> None:
        self.reason, self._until = reason, now + CALM
