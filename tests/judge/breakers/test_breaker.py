"""The breaker as a state machine: examples by name, and whatever hypothesis thinks of."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from kvmon.clock import ManualClock
from kvmon.judge.breakers.board import BreakerBoard
from kvmon.judge.breakers.breaker import Breaker, State
from kvmon.judge.breakers.entry import Key
from kvmon.model.evidence import Evidence

KEY: Key = ("it", "write", "")


def evidence(at: float, outcome: str = "ok", *, conclusive: bool = False, duration: float = 0.0) -> Evidence:
    return Evidence("it", "127.0.0.1:1", "write", outcome == "ok", outcome, at, duration, conclusive)


class Told:
    """A breaker that is told one outcome after the other, some seconds apart."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.breaker = Breaker(since=self.clock.monotonic())

    def tell(self, *outcomes: str, conclusive: bool = False, every: float = 0.25) -> State:
        for outcome in outcomes:
            self.clock.advance(every)
            self.breaker = self.breaker.step(evidence(self.clock.monotonic(), outcome, conclusive=conclusive))
        return self.breaker.state

    @property
    def permitted(self) -> float:
        return self.breaker.permit_ratio(self.clock.monotonic())


def test_nothing_is_known_at_first_and_calls_may_go() -> None:
    told = Told()
    assert (told.breaker.state, told.permitted) == (State.UNKNOWN, 1.0)
    assert told.tell("ok") is State.CLOSED
    assert told.permitted == 1.0, "a start is no recovery: nothing comes back little by little"


def test_the_servers_own_word_needs_one_confirmation() -> None:
    told = Told()
    told.tell("ok")
    assert told.tell("oom", conclusive=True) is State.CLOSED
    assert told.breaker.suspect
    assert told.tell("oom", conclusive=True) is State.OPEN
    assert told.breaker.reason_class == "oom"
    assert told.permitted == 0.0


def test_silence_needs_three_in_a_row() -> None:
    told = Told()
    told.tell("ok")
    assert told.tell("timeout", "timeout", "ok", "timeout", "timeout") is State.CLOSED
    assert told.tell("timeout") is State.OPEN


def test_three_successes_close_it_and_calls_come_back_little_by_little() -> None:
    told = Told()
    told.tell("ok", "refused", "refused", "refused")
    assert told.tell("ok") is State.HALF_OPEN
    assert told.permitted == 0.0
    assert told.tell("ok") is State.HALF_OPEN
    assert told.tell("ok") is State.CLOSED
    assert told.permitted == 0.1
    told.clock.advance(5)
    assert told.permitted == 0.5
    told.clock.advance(5)
    assert told.permitted == 1.0


def test_a_failure_while_half_open_opens_it_again() -> None:
    told = Told()
    told.tell("refused", "refused", "refused", "ok", "ok")
    assert told.tell("timeout") is State.OPEN
    assert told.tell("ok", "ok") is State.HALF_OPEN


def test_it_stays_open_longer_each_time_it_reopens_soon_and_healthy_minutes_take_that_back() -> None:
    told = Told()
    dwells = []
    for _ in range(6):
        told.tell("refused", "refused", "refused")
        dwells.append(told.breaker.dwell)
        while told.breaker.state is not State.CLOSED:
            told.tell("ok")
    assert dwells == [0.0, 5.0, 10.0, 20.0, 40.0, 60.0]
    told.tell(*["ok"] * 200, every=5.0)
    told.tell("refused", "refused", "refused")
    assert told.breaker.dwell == 0.0


def test_successes_while_it_has_to_stay_open_do_not_count() -> None:
    told = Told()
    told.tell("refused", "refused", "refused", "ok", "ok", "ok", "refused", "refused", "refused")
    assert told.breaker.dwell == 5.0
    assert told.tell("ok", "ok", "ok", "ok") is State.OPEN
    told.clock.advance(5)
    assert told.tell("ok") is State.HALF_OPEN


def test_without_news_nothing_is_known_and_what_was_open_does_not_close_at_once() -> None:
    told = Told()
    told.tell("refused", "refused", "refused")
    told.clock.advance(11)
    stale = told.breaker.settle(told.clock.monotonic())
    assert (stale.state, stale.reason_class) == (State.UNKNOWN, "stale")
    assert told.tell("ok") is State.HALF_OPEN


def test_what_began_before_the_state_did_is_passed_over() -> None:
    told = Told()
    told.tell("refused", "refused", "refused")
    late = evidence(told.breaker.since - 1.0, duration=5.0)
    assert told.breaker.step(late) is told.breaker


def test_the_index_grows_with_the_verdict_only() -> None:
    clock = ManualClock()
    board = BreakerBoard(clock=clock)
    board.add(KEY, stale_after=10.0)

    def tell(outcome: str) -> int:
        clock.advance(0.5)
        board.take(evidence(clock.monotonic(), outcome, conclusive=outcome == "oom"))
        return board.verdicts().index

    closed = tell("ok")
    assert [tell("ok"), tell("ok"), tell("oom")] == [closed] * 3
    assert tell("oom") == closed + 1
    (verdict,) = board.verdicts().all
    assert (verdict.state, verdict.advice, verdict.reason_class) == ("open", "deny", "oom")
    assert verdict.retry_after_ms > 0
    assert abs(verdict.since - clock.time()) < 1.0
    clock.advance(20)
    assert board.verdicts().all[0].state == "unknown", "asked late, it does not repeat what it knew"
    board.forget(KEY)
    assert board.verdicts().all == []


class Model(RuleBasedStateMachine):
    """Whatever comes, in whatever order: what a user relies on holds."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = ManualClock()
        self.breaker = Breaker(since=self.clock.monotonic())
        self.run: list[str] = []
        """Outcomes since the state began."""

    def step(self, outcome: str, *, conclusive: bool, gap: float) -> None:
        self.clock.advance(gap)
        before = self.breaker.settle(self.clock.monotonic())
        if before is not self.breaker:
            self.run = []
        after = before.step(evidence(self.clock.monotonic(), outcome, conclusive=conclusive))
        self.run.append("word" if conclusive else outcome)
        if after.state is not before.state:
            self.check(before, after)
            self.run = []
        assert after.generation - before.generation == (after.state is not before.state)
        self.breaker = after

    def check(self, before: Breaker, after: Breaker) -> None:
        change = (before.state, after.state)
        if after.state is State.OPEN and before.state is not State.HALF_OPEN:
            assert self.run[-2:] == ["word", "word"] or (len(self.run) >= 3 and "ok" not in self.run[-3:])
        if after.state is State.HALF_OPEN:
            assert self.run[-1] == "ok"
            assert before.tripped
            assert before.state is State.UNKNOWN or self.clock.monotonic() >= before.since + before.dwell
        if after.state is State.CLOSED:
            assert change == (State.UNKNOWN, State.CLOSED) or self.run == ["ok", "ok"]
        assert change != (State.OPEN, State.CLOSED), "it is always tried in between"
        assert change != (State.CLOSED, State.HALF_OPEN)

    @rule(gap=st.floats(0.01, 5.0))
    def succeeds(self, gap: float) -> None:
        self.step("ok", conclusive=False, gap=gap)

    @rule(gap=st.floats(0.01, 5.0))
    def is_silent(self, gap: float) -> None:
        self.step("timeout", conclusive=False, gap=gap)

    @rule(gap=st.floats(0.01, 5.0))
    def says_no(self, gap: float) -> None:
        self.step("oom", conclusive=True, gap=gap)

    @rule(gap=st.floats(11.0, 200.0))
    def nobody_looks(self, gap: float) -> None:
        self.clock.advance(gap)
        settled = self.breaker.settle(self.clock.monotonic())
        assert settled.state is State.UNKNOWN
        if settled is not self.breaker:
            self.run = []
        self.breaker = settled

    @precondition(lambda self: self.breaker.generation > 0)
    @rule(age=st.floats(0.01, 100.0))
    def something_old_arrives(self, age: float) -> None:
        assert self.breaker.step(evidence(self.breaker.since - age)) is self.breaker

    @invariant()
    def advice_follows_the_state(self) -> None:
        now = self.clock.monotonic()
        ratio = self.breaker.permit_ratio(now)
        assert (ratio == 0.0) == (self.breaker.state in (State.OPEN, State.HALF_OPEN))
        assert (self.breaker.retry_after(now) > 0) == (ratio == 0.0)
        assert 0.0 <= self.breaker.dwell <= 60.0


TestModel = Model.TestCase
