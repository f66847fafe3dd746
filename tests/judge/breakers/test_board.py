"""The board as a whole, whatever comes in whatever order: what followers and clients rely on holds."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from kvmon.clock import ManualClock
from kvmon.judge.breakers.board import BreakerBoard
from kvmon.judge.breakers.entry import Key
from kvmon.model.evidence import OPS, Evidence, Op, Outcome, Override, Report, Verdict

SHARDS = ("", "one", "two")
OUTCOMES = ("ok", "ok", "timeout", "oom")

Ops = st.sampled_from(OPS)
Shards = st.sampled_from(SHARDS)


class Followed(RuleBasedStateMachine):
    """A follower keeps the verdicts that it is told of; they have to be what the board says."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = ManualClock()
        self.board = BreakerBoard(clock=self.clock, epoch="boot", told=self)
        self.known: dict[Key, Verdict] = {}
        self.index = 0
        self.batch = 0

    def changed(self, verdict: Verdict) -> None:
        assert verdict.index == self.index + 1, "each change has the next index"
        self.index = verdict.index
        self.known[verdict.target, verdict.op, verdict.shard] = verdict

    def renewed(self, key: Key, index: int) -> None:
        assert index == self.index + 1
        self.index = index
        del self.known[key]

    @rule(op=Ops, shard=Shards, slots=st.sampled_from([(), ((0, 9),)]))
    def comes(self, op: Op, shard: str, slots: tuple[tuple[int, int], ...]) -> None:
        self.board.add(("it", op, shard), stale_after=10.0, slots=slots)

    @rule(op=Ops, shard=Shards)
    def goes(self, op: Op, shard: str) -> None:
        self.board.forget(("it", op, shard))

    @rule(op=Ops, shard=Shards, outcomes=st.lists(st.sampled_from(OUTCOMES), max_size=6), duration=st.floats(0.0, 0.5))
    def is_probed(self, op: Op, shard: str, outcomes: list[str], duration: float) -> None:
        for outcome in outcomes:
            self.clock.advance(0.25 + duration)
            at = self.clock.monotonic() - duration
            self.board.take(Evidence("it", "a:1", op, outcome == "ok", outcome, at, duration, outcome == "oom"), shard)

    @rule(op=Ops, shard=Shards, reporter=st.sampled_from("abc"), outcome=st.sampled_from(OUTCOMES), count=st.integers(1, 100))
    def is_reported(self, op: Op, shard: str, reporter: str, outcome: str, count: int) -> None:
        self.batch += 1
        said = Outcome("it", op, shard, outcome, count)
        self.board.hear(said, Report(reporter, str(self.batch), 0.1, (said,)))

    @rule(op=Ops, shard=Shards, mode=st.sampled_from(["forced_open", "forced_closed", "shadow"]), seconds=st.floats(1.0, 100.0))
    def is_decided(self, op: Op, shard: str, mode: str, seconds: float) -> None:
        until = self.clock.time() + seconds
        self.board.overrides.put(("it", op, shard), Override(mode, until, "why", "me"))  # type: ignore[arg-type]
        self.board.settle()

    @rule(op=Ops, shard=Shards)
    def is_left_alone_again(self, op: Op, shard: str) -> None:
        self.board.overrides.drop(("it", op, shard))
        self.board.settle()

    @rule(seconds=st.floats(0.0, 100.0))
    def passes(self, seconds: float) -> None:
        self.clock.advance(seconds)

    @invariant()
    def a_follower_knows_what_the_board_says(self) -> None:
        now = self.board.verdicts()
        assert now.index == self.index
        assert {(each.target, each.op, each.shard): _told(each) for each in now.all} == {
            key: _told(each) for key, each in self.known.items()
        }

    @invariant()
    def advice_is_what_mode_and_state_say(self) -> None:
        for each in self.board.verdicts().all:
            assert each.permit_ratio in (0.0, 0.1, 0.5, 1.0)
            assert each.advice == ("deny" if each.permit_ratio == 0 else "limit" if each.permit_ratio < 1 else "allow")
            assert (each.retry_after_ms > 0) == (each.advice == "deny")
            if each.mode == "auto":
                assert (each.advice == "deny") == (each.state in ("open", "half_open"))
            else:
                assert each.advice == ("deny" if each.mode == "forced_open" else "allow")
            assert each.index <= self.index


def _told(verdict: Verdict) -> tuple[object, ...]:
    return (verdict.state, verdict.generation, verdict.mode, verdict.advice, verdict.permit_ratio, verdict.slots, verdict.index)


TestFollowed = Followed.TestCase
