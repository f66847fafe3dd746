"""What applications report: when it raises an alarm, when it opens a breaker, and when it is their own network."""

from __future__ import annotations

import pytest

from kvmon.clock import ManualClock
from kvmon.judge.breakers.board import BreakerBoard
from kvmon.judge.breakers.entry import Key
from kvmon.model.evidence import Evidence, Outcome, Override, Report

KEY: Key = ("it", "write", "")


class Board:
    """A board whose breaker is closed, on a clock that the test moves."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.board = BreakerBoard(clock=self.clock)
        self.board.add(KEY, stale_after=10.0)
        self.probe()
        self.clock.advance(5)
        self.probe()

    def probe(self, outcome: str = "ok") -> None:
        self.clock.advance(0.25)
        self.board.take(Evidence("it", "a:1", "write", outcome == "ok", outcome, self.clock.monotonic(), 0.0))

    def report(self, reporter: str, *, window: float = 1.0, **counts: int) -> None:
        outcomes = tuple(Outcome("it", "write", "", name, count) for name, count in counts.items())
        report = Report(reporter, "b", window, outcomes)
        for outcome in outcomes:
            self.board.hear(outcome, report)

    @property
    def state(self) -> str:
        return self.board.verdicts().all[0].state

    @property
    def suspect(self) -> bool:
        return self.board.verdicts().all[0].suspect


def test_a_probe_that_fails_confirms_what_applications_say_at_once() -> None:
    it = Board()
    it.report("a", ok=5, timeout=20)
    assert (it.state, it.suspect) == ("closed", True)
    it.probe("timeout")
    assert it.state == "open"
    assert it.board.verdicts().all[0].reason_class == "timeout"


def test_one_application_among_many_whose_calls_fail_has_a_problem_of_its_own() -> None:
    it = Board()
    for reporter in ("b", "c", "d"):
        it.report(reporter, ok=1)
    it.report("a", timeout=500)
    assert not it.suspect, "one of several is no alarm at all"
    assert it.state == "closed"


def test_probes_that_succeed_deny_an_alarm_unless_a_quorum_of_reporters_says_the_same() -> None:
    it = Board()
    for reporter in ("c", "d", "e"):
        it.report(reporter, ok=1)
    for reporter in ("a", "b"):
        it.report(reporter, refused=50)
    assert it.suspect
    for _ in range(3):
        it.probe()
    assert (it.state, it.suspect) == ("closed", False), "two of five are no quorum"
    it.report("a", refused=50)
    assert not it.suspect, "not again at once"
    it.clock.advance(5)
    it.probe()
    for reporter in ("a", "b", "c"):
        it.report(reporter, refused=50)
    for _ in range(3):
        it.probe()
    assert (it.state, it.board.verdicts().all[0].reason_class) == ("open", "refused")
    it.probe()
    assert it.state == "open", "what applications opened stays open for a while though probes succeed"


def test_an_application_whose_calls_fail_while_others_work_is_told_so_alone() -> None:
    it = Board()
    for reporter in ("b", "c"):
        it.report(reporter, ok=50)
    it.report("a", timeout=30, refused=2, ok=10)
    assert [each.reporter for each in it.board.verdicts("b").all] == [""]
    (alone,) = it.board.verdicts("a").all
    assert (alone.state, alone.advice, alone.permit_ratio, alone.reporter) == ("closed", "limit", 0.1, "a")
    assert (alone.reason_class, alone.suspect) == ("timeout", True)
    assert it.board.verdicts().all[0].advice == "allow"
    it.report("a", ok=100)
    assert it.board.verdicts("a").all[0].advice == "allow", "most of its calls work again"


def test_what_probes_deny_is_one_applications_own_trouble_until_it_has_slid_away() -> None:
    it = Board()
    it.report("a", timeout=30)
    assert it.suspect
    assert it.board.verdicts("a").all[0].advice == "allow", "it is being looked into"
    for _ in range(3):
        it.probe()
    assert it.board.verdicts("a").all[0].advice == "limit"
    it.clock.advance(9.0)
    it.probe()
    it.report("a", timeout=6)
    it.clock.advance(2.0)
    it.probe()
    assert it.board.verdicts("a").all[0].advice == "limit", "it tries little, and that fails"
    it.clock.advance(9.5)
    it.probe()
    assert it.board.verdicts("a").all[0].advice == "allow"
    it.report("a", timeout=30)
    it.board.overrides.put(KEY, Override("forced_closed", it.clock.time() + 60.0, "r", "b"))
    it.board.settle()
    assert it.board.verdicts("a").all[0].advice == "allow", "a person decided"


def test_where_no_probe_comes_by_a_quorum_counts_after_a_while() -> None:
    it = Board()
    for reporter in ("a", "b"):
        it.report(reporter, closed=50)
    it.clock.advance(2.1)
    assert it.state == "open"


def test_few_failures_and_errors_of_the_caller_are_no_alarm() -> None:
    it = Board()
    it.report("a", timeout=19)
    assert not it.suspect
    it.report("a", wrongtype=500, noperm=500, moved=500)
    assert not it.suspect
    it.report("a", ok=25, timeout=20)
    assert not it.suspect, "less than half"


def test_the_window_slides() -> None:
    it = Board()
    # Two halves on both sides of any edge of seconds count together; after ten seconds they count no more.
    it.report("a", timeout=10)
    it.clock.advance(0.4)
    it.report("a", timeout=10)
    assert it.suspect
    late = Board()
    late.report("a", timeout=10)
    late.clock.advance(10.5)
    late.report("a", timeout=10)
    assert not late.suspect


def test_what_was_seen_before_the_state_began_is_no_news() -> None:
    it = Board()
    for _ in range(3):
        it.probe("refused")
    for _ in range(3):
        it.probe()
    assert it.state == "closed"
    it.report("a", window=5.0, refused=500)
    assert not it.suspect
    it.clock.advance(2)
    it.report("a", refused=5)
    assert it.suspect, "while calls come back little by little a few are enough"


@pytest.mark.parametrize(
    ("mode", "advice", "ratio"), [("forced_open", "deny", 0.0), ("forced_closed", "allow", 1.0), ("shadow", "allow", 1.0)]
)
def test_a_person_decides_for_a_while_and_the_breaker_goes_on_judging(mode: str, advice: str, ratio: float) -> None:
    it = Board()
    index = it.board.verdicts().index
    it.board.overrides.put(KEY, Override(mode, it.clock.time() + 60.0, "maintenance", "me"))  # type: ignore[arg-type]
    it.board.settle()
    (verdict,) = it.board.verdicts().all
    assert (verdict.mode, verdict.advice, verdict.permit_ratio, verdict.state) == (mode, advice, ratio, "closed")
    assert verdict.index > index
    for _ in range(3):
        it.probe("refused")
    (verdict,) = it.board.verdicts().all
    assert (verdict.state, verdict.advice) == ("open", advice)
    for _ in range(61):
        it.clock.advance(1)
        it.board.take(Evidence("it", "a:1", "write", False, "refused", it.clock.monotonic(), 0.0))
    (verdict,) = it.board.verdicts().all
    assert (verdict.mode, verdict.advice, verdict.override) == ("auto", "deny", None)


def test_a_decision_about_a_target_holds_for_all_its_shards_that_have_none_of_their_own() -> None:
    clock = ManualClock()
    board = BreakerBoard(clock=clock)
    for shard in ("one", "two"):
        board.add(("it", "write", shard), stale_after=10.0)
    board.overrides.put(("it", "write", ""), Override("forced_open", clock.time() + 60.0, "r", "b"))
    board.overrides.put(("it", "write", "two"), Override("forced_closed", clock.time() + 60.0, "r", "b"))
    board.settle()
    assert [verdict.mode for verdict in board.verdicts().all] == ["forced_open", "forced_closed"]
    assert board.overrides.drop(("it", "write", "")) is not None
    board.settle()
    assert [verdict.mode for verdict in board.verdicts().all] == ["auto", "forced_closed"]
