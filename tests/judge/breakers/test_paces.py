"""What becomes slow for applications, by what they report."""

from __future__ import annotations

from kvmon.clock import ManualClock
from kvmon.judge.breakers.board import BreakerBoard
from kvmon.judge.breakers.entry import Key
from kvmon.model.evidence import Evidence, Outcome, Report, Verdict

KEY: Key = ("it", "read", "")


class Board:
    """A healthy server, and applications that report every second how many milliseconds a call took."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.board = BreakerBoard(clock=self.clock)
        self.board.add(KEY, stale_after=10.0)
        self._batch = 0

    def seconds(self, count: int, **milliseconds: float) -> Verdict:
        for _ in range(count):
            self.clock.advance(1.0)
            now = self.clock.monotonic()
            self.board.take(Evidence("it", "a:1", "read", ok=True, outcome="ok", at=now, duration=0.001))
            for reporter, each in milliseconds.items():
                self._batch += 1
                said = Outcome("it", "read", "", "ok", 10, 10 * each)
                self.board.hear(said, Report(reporter, str(self._batch), 1.0, (said,)))
        return self.board.verdicts().all[0]


def test_what_has_become_slow_for_those_who_report_is_limited_until_it_is_quick_again() -> None:
    it = Board()
    assert not it.seconds(20, a=1.0, b=2.0).degraded
    slow = it.seconds(10, a=500.0, b=300.0)
    assert (slow.degraded, slow.state, slow.advice, slow.reason_class) == (True, "closed", "limit", "slow")
    assert it.seconds(12, a=1.0, b=2.0).advice == "allow"


def test_one_application_among_three_that_has_become_slow_has_a_problem_of_its_own() -> None:
    it = Board()
    it.seconds(20, a=1.0, b=1.0, c=1.0)
    assert not it.seconds(20, a=900.0, b=1.0, c=1.0).degraded


def test_an_application_that_always_takes_long_is_not_slow() -> None:
    it = Board()
    assert not it.seconds(40, a=900.0).degraded


def test_when_they_fall_silent_it_is_no_longer_slow() -> None:
    it = Board()
    it.seconds(20, a=1.0)
    assert it.seconds(10, a=500.0).degraded
    assert not it.seconds(12).degraded
