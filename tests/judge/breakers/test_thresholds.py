"""What the configuration of a target's breakers changes."""

from __future__ import annotations

from kvmon.clock import ManualClock
from kvmon.judge.breakers.board import BreakerBoard
from kvmon.model.evidence import Evidence, Outcome, Report, Verdict
from kvmon.model.targets.thresholds import Thresholds

KEY = ("it", "write", "")


class Board:
    """One breaker by these rules; whatever comes, comes half a second after what came before."""

    def __init__(self, **rules: object) -> None:
        self.clock = ManualClock()
        self.board = BreakerBoard(clock=self.clock)
        self.obey(**rules)
        self._batch = 0

    def obey(self, **rules: object) -> None:
        self.board.add(KEY, stale_after=10.0, rules=Thresholds(**rules))  # type: ignore[arg-type]

    def probe(self, *outcomes: str, seconds: float = 0.001) -> Verdict:
        for outcome in outcomes:
            self.clock.advance(0.5)
            begun = self.clock.monotonic()
            self.clock.advance(seconds)
            self.board.take(Evidence("it", "a:1", "write", outcome == "ok", outcome, begun, seconds))
        return self.now

    def report(self, reporter: str, failed: int, ok: int = 0) -> Verdict:
        self.clock.advance(0.5)
        for outcome, count in (("timeout", failed), ("ok", ok)):
            said = Outcome("it", "write", "", outcome, count)
            self._batch += 1
            if count:
                self.board.hear(said, Report(reporter, str(self._batch), 0.1, (said,)))
        return self.now

    @property
    def now(self) -> Verdict:
        return self.board.verdicts().all[0]


def test_so_many_failures_open_and_so_many_successes_close() -> None:
    it = Board(consecutive=5, trials=2)
    it.probe("ok")
    assert it.probe(*["timeout"] * 4).state == "closed"
    assert it.probe("timeout").state == "open"
    assert [it.probe("ok").state, it.probe("ok").state] == ["half_open", "closed"]
    at_once = Board(consecutive=1, trials=1)
    assert [at_once.probe("ok").state, at_once.probe("timeout").state, at_once.probe("ok").state] == ["closed", "open", "closed"]


def test_rules_of_a_breaker_that_is_known_change_and_its_state_stays() -> None:
    it = Board()
    it.probe("ok", "timeout", "timeout", "timeout")
    generation = it.now.generation
    it.obey(mode="shadow")
    assert (it.now.state, it.now.generation) == ("open", generation)
    assert (it.now.mode, it.now.advice, it.now.permit_ratio) == ("shadow", "allow", 1.0)


def test_reports_count_by_the_rules() -> None:
    it = Board(min_failures=3, failure_ratio=0.2, reporters=1, window=30.0)
    it.probe("ok")
    it.report("b", 0, ok=5)
    assert not it.report("a", 2, ok=3).suspect
    it.clock.advance(8.0)
    it.probe("ok")
    it.clock.advance(8.0)
    it.probe("ok")
    verdict = it.report("a", 1)
    assert verdict.suspect, "what was said 17 seconds ago counts too"
    assert (verdict.told.calls, verdict.thresholds.window) == (11, 30.0)


def test_where_slowness_opens_it_stays_open_until_it_is_quick_again() -> None:
    it = Board(slow_opens=True, slow_duration=0.05, slow_factor=5.0, slow_ratio=0.5)
    it.probe(*["ok"] * 10)
    assert it.probe(*["ok"] * 4, seconds=0.06).state == "closed"
    opened = it.probe("ok", seconds=0.06)
    assert (opened.state, opened.advice, opened.reason_class) == ("open", "deny", "slow")
    assert it.probe(*["ok"] * 20, seconds=0.06).state == "open", "slow successes are no trials"
    assert it.probe(*["ok"] * 12).state == "closed"


def test_what_is_maintained_is_open_from_the_beginning_to_the_end_where_that_is_wanted() -> None:
    it = Board(open_on_maintenance=True)
    it.probe("ok")
    it.board.expect("it", 60.0)
    assert (it.now.state, it.now.advice, it.now.reason_class) == ("open", "deny", "maintenance")
    assert it.probe(*["ok"] * 10).state == "open", "that it works is no news"
    it.board.expect("it", 0.0)
    assert it.probe("ok", "ok", "ok").state == "closed"
    patient = Board()
    patient.probe("ok")
    patient.board.expect("it", 60.0)
    assert patient.probe("timeout", "timeout", "timeout", "timeout").state == "closed"
    assert patient.probe("timeout").state == "open"


def test_what_is_unknown_may_be_denied() -> None:
    it = Board(unknown="deny")
    assert (it.now.state, it.now.advice) == ("unknown", "deny")
    assert it.now.retry_after_ms > 0
    assert it.probe("ok").advice == "allow"


def test_how_long_it_stays_open_when_it_reopens() -> None:
    it = Board(open_for=20.0, max_open=30.0)
    it.probe("ok", "timeout", "timeout", "timeout", "ok", "ok", "ok")
    reopened = it.probe("timeout", "timeout", "timeout")
    assert 20_000 < reopened.retry_after_ms < 21_500
    it.probe(*["ok"] * 45)
    assert it.now.state == "closed"
    assert 30_000 < it.probe("timeout", "timeout", "timeout").retry_after_ms < 31_500
