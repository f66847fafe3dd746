"""The whole board as a state machine: probes, reports, people, maintenance and clocks in any order, and what holds."""

from __future__ import annotations

from typing import Literal

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from kvmon.clock import ManualClock
from kvmon.judge.breakers.board import BreakerBoard
from kvmon.judge.breakers.entry import Key
from kvmon.model.evidence import Evidence, Outcome, Override, Report, Verdict

KEY: Key = ("it", "write", "")
STEPS = {
    ("unknown", "closed"), ("unknown", "open"), ("unknown", "half_open"), ("closed", "open"), ("open", "half_open"),
    ("half_open", "closed"), ("half_open", "open"), ("closed", "unknown"), ("open", "unknown"), ("half_open", "unknown"),
}  # fmt: skip
"""Changes of state that there are: nothing closes without having been tried, nothing is tried without having been open."""


class Followed:
    """Keeps what it is told, in the order in which it is told."""

    def __init__(self) -> None:
        self.told: list[Verdict] = []

    def changed(self, verdict: Verdict) -> None:
        self.told.append(verdict)

    def renewed(self, key: Key, index: int) -> None:
        raise AssertionError(f"nothing is forgotten here, but {key} at {index}")


class Whole(RuleBasedStateMachine):
    """Beside the board it keeps its own simple record of what was said since the breaker was closed last."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = ManualClock()
        self.follower = Followed()
        self.board = BreakerBoard(clock=self.clock, told=self.follower)
        self.board.add(KEY, stale_after=10.0)
        self.failures: list[float] = []
        """When probes failed, since it was closed last."""
        self.blamed: dict[str, float] = {}
        """When a reporter last told of failures."""
        self.decided: tuple[str, float] | None = None
        self.seen = 1
        self.batch = 0

    @rule(seconds=st.floats(0.01, 12.0))
    def time_passes(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.board.settle()

    @rule(seconds=st.sampled_from([-86_400.0, 86_400.0]))
    def somebody_sets_the_clock(self, seconds: float) -> None:
        before = self.verdict.state, self.verdict.advice, self.verdict.mode
        self.clock._time += seconds
        self.board.settle()
        assert (self.verdict.state, self.verdict.advice, self.verdict.mode) == before

    @rule(outcome=st.sampled_from(["ok", "ok", "timeout", "oom", "auth"]), times=st.integers(1, 4))
    def a_probe_tries(self, outcome: str, times: int) -> None:
        for _ in range(times):
            self.clock.advance(0.25)
            now = self.clock.monotonic()
            if outcome != "ok":
                self.failures.append(now)
            self.board.take(Evidence("it", "a:1", "write", outcome == "ok", outcome, now, 0.0, outcome == "oom"))

    @rule(reporter=st.sampled_from("abcd"), failed=st.integers(0, 60), worked=st.integers(0, 60))
    def an_application_reports(self, reporter: str, failed: int, worked: int) -> None:
        if failed:
            self.blamed[reporter] = self.clock.monotonic()
        for outcome, count in (("timeout", failed), ("ok", worked)):
            self.batch += 1
            if count:
                said = Outcome("it", "write", "", outcome, count)
                self.board.hear(said, Report(reporter, str(self.batch), 0.01, (said,)))

    @rule(mode=st.sampled_from(["forced_open", "forced_closed", "shadow"]), seconds=st.floats(1.0, 60.0))
    def a_person_decides(self, mode: Literal["forced_open", "forced_closed", "shadow"], seconds: float) -> None:
        self.board.overrides.put(KEY, Override(mode, self.clock.time() + seconds, "reason", "me"))
        self.decided = (mode, self.clock.monotonic() + seconds)
        self.board.settle()

    @rule()
    def a_person_takes_it_back(self) -> None:
        self.board.overrides.drop(KEY)
        self.decided = None
        self.board.settle()

    @rule(seconds=st.sampled_from([0.0, 30.0]))
    def maintenance_is_announced(self, seconds: float) -> None:
        self.board.expect("it", seconds)

    @property
    def verdict(self) -> Verdict:
        return self.board.verdicts().all[0]

    @invariant()
    def advice_is_the_persons_or_follows_the_state(self) -> None:
        verdict, now = self.verdict, self.clock.monotonic()
        mode = self.decided[0] if self.decided is not None and now < self.decided[1] - 1e-6 else None
        if mode is not None:
            assert verdict.mode == mode
        if verdict.mode != "auto":
            assert verdict.permit_ratio == (0.0 if verdict.mode == "forced_open" else 1.0)
        elif verdict.state == "closed":
            assert verdict.permit_ratio in (0.1, 0.5, 1.0)
        else:
            assert verdict.permit_ratio == (1.0 if verdict.state == "unknown" else 0.0)
        assert verdict.advice == {0.0: "deny", 1.0: "allow"}.get(verdict.permit_ratio, "limit")
        assert (verdict.retry_after_ms > 0) == (verdict.advice == "deny")

    @invariant()
    def followers_hear_each_change_once_and_in_order(self) -> None:
        told = self.follower.told
        assert [verdict.index for verdict in told] == list(range(1, len(told) + 1))
        assert self.board.verdicts().index == len(told)
        for before, after in zip(told[self.seen - 1 :], told[self.seen :], strict=False):
            assert after.generation >= before.generation
            if after.state != before.state:
                self.check(before.state, after.state)
        self.seen = max(1, len(told))

    def check(self, before: str, after: str) -> None:
        assert (before, after) in STEPS
        now = self.clock.monotonic()
        if after == "open":
            told_by = [reporter for reporter, at in self.blamed.items() if now - at <= 14.0]
            assert self.failures or len(told_by) >= 2, "nobody saw two applications or a probe fail"
        if after == "closed":
            self.failures.clear()


TestWhole = Whole.TestCase
TestWhole.settings = settings(max_examples=40, stateful_step_count=40)
