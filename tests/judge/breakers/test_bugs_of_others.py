"""What other breakers are known to get wrong, one test for each."""

from __future__ import annotations

import pytest

from kvmon.clock import ManualClock
from kvmon.judge.breakers.board import BreakerBoard, Nobody
from kvmon.judge.breakers.breaker import Breaker, State
from kvmon.judge.breakers.entry import Key
from kvmon.model.evidence import Evidence, Outcome, Override, Report, Verdict
from kvmon.model.targets.thresholds import Thresholds
from kvmon.watch.probes import Ledger

KEY: Key = ("it", "read", "")


class Board:
    """One breaker, told one thing after the other."""

    def __init__(self, told: Nobody | None = None, **rules: object) -> None:
        self.clock = ManualClock()
        self.board = BreakerBoard(clock=self.clock, told=told)
        self.board.add(KEY, stale_after=10.0, rules=Thresholds(**rules))  # type: ignore[arg-type]
        self._batch = 0

    def probe(self, *outcomes: str, every: float = 0.25) -> Verdict:
        for outcome in outcomes:
            self.clock.advance(every)
            now = self.clock.monotonic()
            self.board.take(Evidence("it", "a:1", "read", outcome == "ok", outcome, now, 0.0))
        return self.now

    def report(self, reporter: str, failed: int, ok: int = 0) -> Verdict:
        for outcome, count in (("timeout", failed), ("ok", ok)):
            self._batch += 1
            if count:
                said = Outcome("it", "read", "", outcome, count)
                self.board.hear(said, Report(reporter, str(self._batch), 0.01, (said,)))
        return self.now

    @property
    def now(self) -> Verdict:
        return self.board.verdicts().all[0]


@pytest.mark.parametrize("offset", [0.05, 0.5, 0.9, 0.99])
def test_failures_on_both_sides_of_an_edge_count_together(offset: float) -> None:
    # A window that tumbles begins at nought at each edge: what falls across one never trips it.
    it = Board(window=2.0, min_failures=8)
    it.probe("ok")
    it.clock.advance(offset)
    for _ in range(2):
        it.report("a", 4)
        it.clock.advance(0.1)
    assert it.now.suspect


def test_what_failed_long_ago_trips_nothing() -> None:
    # A window that is looked at only with the next call finds the counts of the last one.
    it = Board(window=2.0, min_failures=8)
    it.probe("ok")
    it.report("a", 7)
    it.probe("ok", every=3.0)
    assert not it.report("a", 1).suspect


@pytest.mark.parametrize("jump", [-86_400.0, 86_400.0])
def test_a_wall_clock_that_is_set_changes_nothing(jump: float) -> None:
    # Those that count in wall time stay open for a day, or close at once.
    it = Board()
    it.probe("ok", "timeout", "timeout", "timeout", "ok", "ok", "ok", "timeout", "timeout", "timeout")
    left = it.now.retry_after_ms
    it.clock._time += jump
    assert it.now.retry_after_ms == left
    assert it.probe("ok").state == "open", "it reopened, and stays open for its five seconds"
    assert it.probe(*["ok"] * 24).state == "closed"


def test_a_decision_ends_when_it_was_meant_to_though_the_wall_clock_is_set() -> None:
    it = Board()
    it.probe("ok")
    it.board.overrides.put(KEY, Override("forced_open", it.clock.time() + 60.0, "upgrade", "me"))
    it.board.settle()
    it.clock._time += 86_400.0
    assert (it.probe("ok").advice, it.now.retry_after_ms) == ("deny", 59_750)
    it.clock.advance(60.0)
    assert it.probe("ok").advice == "allow"


def test_changes_are_told_in_the_order_in_which_they_happen() -> None:
    # Callbacks that ran beside each other told of closed after open, and it stayed so for whoever listened.
    told: list[tuple[int, str]] = []

    class Listening(Nobody):
        def changed(self, verdict: Verdict) -> None:
            told.append((verdict.generation, verdict.state))

    it = Board(told=Listening())
    it.probe("ok", "timeout", "timeout", "timeout", "ok", "ok", "ok", "timeout", "timeout", "timeout")
    states = [state for _, state in told]
    assert told == sorted(told, key=lambda each: each[0])
    assert states == ["unknown", "closed", "open", "half_open", "closed", "open"]


def test_the_lag_of_one_replica_is_not_that_of_another() -> None:
    # A check that went by lag compared it with the wrong node's.
    ledger = Ledger()
    for number, at in ((1, 100.0), (2, 104.0), (3, 108.0)):
        ledger.wrote("it", "key", str(number), writer="primary", now=at, expires=at + 30.0)
    ledger.wrote("other", "key", "3", writer="primary", now=1.0, expires=111.0)
    assert [ledger.behind("it", "key", value, 110.0) for value in ("3", "1", None)] == [0.0, 6.0, 10.0]
    assert ledger.behind("other", "key", "3", 110.0) == 0.0


def test_probes_alone_are_enough() -> None:
    # A rule that wants a thousand failures in two seconds is never met by those who call rarely.
    it = Board(min_failures=1000)
    assert it.probe("ok", "timeout", "timeout", "timeout").state == "open"


def test_it_closes_though_nobody_calls() -> None:
    # A lazy breaker stays open until the next call tries it.
    it = Board()
    it.probe("ok", "timeout", "timeout", "timeout")
    assert it.probe("ok", "ok", "ok").state == "closed"


def test_the_time_that_is_configured_counts_and_anew_each_time() -> None:
    # One used the default in place of what was configured, and armed its timer from closed only.
    it = Board(open_for=20.0, max_open=20.0)
    it.probe("ok", "timeout", "timeout", "timeout", "ok", "ok", "ok", "timeout", "timeout", "timeout")
    assert it.probe(*["ok"] * 78).state == "open"
    assert it.probe("ok", "ok").state == "half_open"
    assert it.probe("timeout").state == "open"
    assert it.probe(*["ok"] * 78).state == "open"


def test_a_success_never_closes_what_is_open_at_once() -> None:
    # One good PING closed it, and the next call opened it: it flapped.
    it = Board()
    it.probe("ok", "timeout", "timeout", "timeout")
    assert it.probe("ok").state == "half_open"
    assert it.now.advice == "deny"


def test_what_applications_opened_is_not_closed_by_probes_while_they_disagree() -> None:
    # A health check that does not do what applications do closes again and again what they open.
    it = Board()
    it.probe("ok")
    for _ in range(2):
        it.clock.advance(0.1)
        it.report("a", 15)
        it.report("b", 15)
    it.probe("ok", "ok", "ok")
    assert it.now.state == "open"
    for _ in range(20):
        it.report("a", 5)
        it.report("b", 5)
        assert it.probe("ok", "ok").state == "open"
    it.probe(*["ok"] * 45)
    assert it.now.state == "closed", "they fell silent"


def test_a_late_answer_to_an_earlier_trial_opens_nothing() -> None:
    # A probe that began before it was half-open came back and opened it again.
    half_open = Breaker(state=State.HALF_OPEN, since=100.0, generation=4, successes=1)
    late = Evidence("it", "a:1", "read", ok=False, outcome="timeout", at=99.5, duration=0.8)
    assert half_open.step(late) is half_open


@pytest.mark.parametrize("trials", [1, 2, 7, 50])
def test_as_many_trials_are_made_as_are_wanted(trials: int) -> None:
    # Where fewer trials are admitted than successes are wanted, it never closes.
    it = Board(trials=trials)
    it.probe("ok", "timeout", "timeout", "timeout")
    assert it.probe(*["ok"] * (trials - 1)).state != "closed"
    assert it.probe("ok").state == "closed"


def test_what_callers_cancel_or_get_wrong_is_no_failure() -> None:
    it = Board(min_failures=1)
    it.probe("ok")
    for outcome in ("cancelled", "wrongtype", "noscript", "moved", "noperm"):
        said = Outcome("it", "read", "", outcome, 100)
        it.board.hear(said, Report("a", outcome, 0.01, (said,)))
    assert not it.now.suspect
