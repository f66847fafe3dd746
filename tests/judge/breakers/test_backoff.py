"""How long a breaker stays open: what it learned before a restart, what flaps, what nobody needs to wait for."""

from __future__ import annotations

import pytest

from kvmon.clock import ManualClock
from kvmon.judge.breakers.board import BreakerBoard
from kvmon.judge.breakers.breaker import Backoff, Breaker, State
from kvmon.model.evidence import Evidence
from tests.judge.breakers.test_breaker import KEY, Told, evidence


def test_what_was_open_before_a_restart_is_tried_before_it_closes() -> None:
    told = Told()
    told.breaker = told.breaker.resume(Backoff(level=2, tripped=True))
    assert (told.breaker.state, told.permitted) == (State.UNKNOWN, 1.0), "nobody knows yet"
    assert told.tell("ok") is State.HALF_OPEN
    assert told.tell("ok", "ok") is State.CLOSED
    assert told.permitted == 0.1
    told.tell("refused", "refused", "refused")
    assert told.breaker.dwell == 20.0, "it reopened soon, for the third time"


def test_a_breaker_that_has_an_opinion_keeps_its_own_backoff() -> None:
    told = Told()
    told.tell("ok")
    assert told.breaker.resume(Backoff(level=4, tripped=True)) is told.breaker


def test_what_is_kept_waits_for_its_breaker() -> None:
    clock = ManualClock()
    board = BreakerBoard(clock=clock)
    board.resume(KEY, Backoff(level=1, closed_at=clock.monotonic() - 5.0))
    board.add(KEY, stale_after=10.0)
    for _ in range(3):
        clock.advance(0.25)
        board.take(evidence(clock.monotonic(), "refused"))
    breaker = board.breaker(KEY)
    assert breaker is not None
    assert breaker.dwell == 10.0


def test_what_flaps_stays_open_for_the_longest_time() -> None:
    clock = ManualClock()
    board = BreakerBoard(clock=clock)
    board.add(KEY, stale_after=1e9)

    def tell(outcome: str) -> str:
        for _ in range(3):
            clock.advance(0.25)
            board.take(evidence(clock.monotonic(), outcome))
        return board.verdicts().all[0].state

    for _ in range(3):
        assert (tell("refused"), tell("ok")) == ("open", "closed")
        clock.advance(62)  # so long after it closed that an opening alone has no dwell
    assert tell("refused") == "open"
    assert board.verdicts().all[0].flapping
    assert tell("ok") == "open"
    clock.advance(58)
    assert tell("ok") == "open"
    clock.advance(1)
    assert tell("ok") == "closed"


@pytest.mark.parametrize("reason", ["auth", "tls"])
def test_what_somebody_has_to_configure_does_not_wait_longer_each_time(reason: str) -> None:
    told = Told()
    for _ in range(5):
        told.tell(reason, reason, reason)
        assert told.breaker.state is State.OPEN
        assert told.breaker.dwell == 0.0
        assert told.tell("ok", "ok", "ok") is State.CLOSED


def test_a_server_that_loads_says_when_to_come_back() -> None:
    breaker = Breaker(since=100.0)
    for at in (100.0, 100.1):
        said = Evidence("it", "a:1", "read", False, "loading", at, 0.0, conclusive=True, ready_in=30.0)
        breaker = breaker.step(said)
    assert breaker.state is State.OPEN
    assert 29.0 < breaker.retry_after(100.2) < 32.0
    assert breaker.retry_after(120.0) < 12.0
    breaker = breaker.step(evidence(121.0, "loading", conclusive=True))
    assert breaker.retry_after(121.1) < 2.0, "it no longer says when"
