"""What has become slow is asked less of, and what flaps is told as one thing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kvmon.clock import ManualClock
from kvmon.judge.breakers.board import BreakerBoard
from kvmon.judge.breakers.entry import Key
from kvmon.judge.breakers.flapping import Flapping
from kvmon.judge.breakers.slow import Slowness
from kvmon.model.evidence import Evidence, Verdict

KEY: Key = ("it", "read", "")


class Board:
    def __init__(self) -> None:
        self.clock = ManualClock()
        self.board = BreakerBoard(clock=self.clock)
        self.board.add(KEY, stale_after=10.0)

    def probe(self, outcome: str = "ok", seconds: float = 0.001, every: float = 1.0, *, tainted: bool = False) -> Verdict:
        self.clock.advance(every)
        begun = self.clock.monotonic()
        self.clock.advance(seconds)
        self.board.take(Evidence("it", "a:1", "read", outcome == "ok", outcome, begun, seconds, tainted=tainted))
        return self.board.verdicts().all[0]


def test_what_takes_much_longer_than_usual_is_limited_and_not_denied() -> None:
    it = Board()
    for _ in range(20):
        assert not it.probe().degraded
    found = [it.probe(seconds=0.3) for _ in range(8)]
    assert [each.degraded for each in found] == [False] * 7 + [True]
    assert (found[-1].state, found[-1].advice, found[-1].permit_ratio, found[-1].reason_class) == ("closed", "limit", 0.5, "slow")
    again = [it.probe() for _ in range(8)]
    assert again[0].degraded
    assert not again[-1].degraded
    assert again[-1].advice == "allow"


def test_when_we_are_late_ourselves_nothing_is_slow() -> None:
    it = Board()
    for _ in range(20):
        it.probe()
    assert not any(it.probe(seconds=0.3, tainted=True).degraded for _ in range(20))


def test_a_few_slow_tries_and_small_numbers_are_nothing() -> None:
    slowness = Slowness()
    for seconds in [0.001] * 20 + [0.5] * 7 + [0.05] * 20:
        slowness.take(seconds)
        assert not slowness.slow


@given(st.lists(st.floats(0.0, 0.1)))
def test_nothing_below_a_tenth_of_a_second_is_slow(durations: list[float]) -> None:
    slowness = Slowness()
    for seconds in durations:
        slowness.take(seconds)
        assert not slowness.slow


def test_opening_again_and_again_is_flapping_until_it_has_calmed_down() -> None:
    flapping = Flapping()
    for at in (0.0, 50.0, 100.0):
        flapping.opened(at)
        assert not flapping.on
    flapping.opened(150.0)
    assert flapping.on
    flapping.settle(350.0)
    assert flapping.on, "two openings are left"
    flapping.settle(401.0)
    assert not flapping.on


def test_a_breaker_that_flaps_says_so() -> None:
    it = Board()
    it.probe()
    flapped = []
    for _ in range(4):
        for _ in range(3):
            verdict = it.probe("refused", every=0.1)
        flapped.append(verdict.flapping)
        while verdict.state != "closed":
            verdict = it.probe()
    assert flapped == [False, False, False, True]


def test_while_maintenance_was_announced_a_longer_silence_is_put_up_with() -> None:
    it = Board()
    it.probe()
    it.board.expect("it", 60.0)
    it.board.expect("other", 60.0)
    assert [it.probe("timeout", every=0.1).state for _ in range(5)] == ["closed"] * 4 + ["open"]
    other = Board()
    assert other.probe().maintenance is False
    other.board.expect("it", 60.0)
    assert other.probe().maintenance
    other.board.expect("it", 0.0)
    assert [other.probe("timeout", every=0.1).state for _ in range(3)] == ["closed", "closed", "open"]
