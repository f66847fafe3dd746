"""Outcomes on their way to the daemon: in batches, counted once, bounded, and never waited for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from kvmon_client.http import server_of
from kvmon_client.outcomes import KEPT, KINDS, Outcomes
from kvmon_client.report import flush, report

from tests.client.doubles import Clock, Piece, Play, answer, board, breaker, document

SERVER = server_of("http://daemon:9121", "secret")


def deaf(_documents: object) -> None:
    """Nobody is told."""


def bodies(play: Play) -> list[dict[str, Any]]:
    return [json.loads(body) for body in play.bodies]


def test_a_batch_is_what_the_daemon_takes() -> None:
    clock = Clock()
    outcomes = Outcomes(clock=clock)
    outcomes.add("it", "read", "", "ok", 0.002)
    outcomes.add("it", "read", "", "ok", 0.004)
    outcomes.add("it", "write", "shard-1", "oom", 0.5)

    def script(first: str, headers: dict[str, str], _body: bytes) -> Iterator[Piece]:
        if first != "CONNECT":
            assert headers["Authorization"] == "Bearer secret"
            yield answer({"accepted": 3}, "202 Accepted")

    play = Play(script, clock)
    play.run(report(outcomes, SERVER, deaf), lambda: outcomes.sent > 0)
    assert play.requests == ["POST /v1/reports HTTP/1.1"]
    (body,) = bodies(play)
    assert body["outcomes"] == [
        {"target": "it", "op": "read", "shard": "", "class": "ok", "count": 2, "latency_ms_sum": 6.0},
        {"target": "it", "op": "write", "shard": "shard-1", "class": "oom", "count": 1, "latency_ms_sum": 500.0},
    ]
    assert (body["reporter"], body["window_ms"]) == (outcomes.reporter, 1000)
    assert (outcomes.sent, outcomes.dropped) == (3, 0)


@pytest.mark.parametrize(
    "trouble", [ConnectionResetError("gone"), answer(b"", "503 Service Unavailable"), answer(b"", "429 Too Many")]
)
def test_a_batch_that_may_have_arrived_is_sent_again_under_the_same_id(trouble: Piece) -> None:
    clock = Clock()
    outcomes = Outcomes(clock=clock)
    outcomes.add("it", "read", "", "ok", 0.002)
    troubles = iter([trouble, trouble])

    def script(first: str, *_: object) -> Iterator[Piece]:
        if first != "CONNECT":
            yield next(troubles, answer(b"", "202 Accepted"))

    play = Play(script, clock)
    play.run(report(outcomes, SERVER, deaf), lambda: outcomes.sent == 1)
    assert len({body["batch"] for body in bodies(play)}) == 1
    assert len(play.bodies) == 3


def test_a_daemon_that_is_away_costs_bounded_memory_and_every_loss_is_counted() -> None:
    clock = Clock()
    outcomes = Outcomes(clock=clock)

    def script(_first: str, *_: object) -> Iterator[Piece]:
        for n in range(3):
            outcomes.add("it", "read", str(n), "ok", 0.001)
        yield ConnectionRefusedError("nobody listens")

    play = Play(script, clock)
    outcomes.add("it", "read", "", "ok", 0.001)
    play.run(report(outcomes, SERVER, deaf), lambda: clock.now > 1_600.0)
    assert outcomes.sent == 0
    assert len(outcomes._waiting) <= KEPT
    waiting = sum(batch.count for batch in outcomes._waiting)
    tries = len(play.rests) - 1
    assert outcomes.dropped + waiting + sum(int(row[0]) for row in outcomes._rows.values()) == 1 + 3 * tries
    assert max(play.rests) > 4


def test_kinds_without_end_are_dropped_and_counted() -> None:
    outcomes = Outcomes(clock=Clock())
    for n in range(KINDS + 5):
        outcomes.add("it", "read", "", f"class_{n}", 0.001)
    assert outcomes.dropped == 5
    batch = outcomes.batch()
    assert batch is not None
    assert batch.count == KINDS


@pytest.mark.parametrize(
    "row", [("", "read", "", "ok"), ("it" * 40, "read", "", "ok"), ("it", "scan", "", "ok"), ("it", "read", "", "Not Well")]
)
def test_what_the_daemon_would_refuse_spoils_no_batch(row: tuple[str, str, str, str]) -> None:
    outcomes = Outcomes(clock=Clock())
    outcomes.add(*row, 0.001)
    outcomes.add("it", "read", "", "ok", 0.001)
    batch = outcomes.batch()
    assert batch is not None
    assert (batch.count, outcomes.dropped) == (1, 1)


def test_a_process_that_slept_reports_a_window_that_is_taken() -> None:
    clock = Clock()
    outcomes = Outcomes(clock=clock)
    clock.now += 10_000
    outcomes.add("it", "read", "", "ok", 0.001)
    batch = outcomes.batch()
    assert batch is not None
    assert json.loads(batch.body)["window_ms"] == 60_000


@pytest.mark.parametrize("status", ["400 Bad Request", "401 Unauthorized", "404 Not Found", "413 Too Large"])
def test_what_is_refused_is_dropped_and_told_once(status: str, caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    outcomes = Outcomes(clock=clock)

    def script(first: str, *_: object) -> Iterator[Piece]:
        outcomes.add("it", "read", "", "ok", 0.001)
        if first != "CONNECT":
            yield answer(b"", status)

    outcomes.add("it", "read", "", "ok", 0.001)
    Play(script, clock).run(report(outcomes, SERVER, deaf), lambda: outcomes.dropped >= 5)
    assert caplog.text.count("refuses reports") == 1
    assert "secret" not in caplog.text


def test_what_is_left_is_sent_at_the_end_and_a_dead_daemon_ends_that_too() -> None:
    clock = Clock()
    outcomes = Outcomes(clock=clock)
    outcomes.add("it", "read", "", "ok", 0.001)

    def script(first: str, *_: object) -> Iterator[Piece]:
        if first != "CONNECT":
            yield answer(b"", "202 Accepted")

    Play(script, clock).run(flush(outcomes, SERVER), lambda: False)
    assert outcomes.sent == 1
    outcomes.add("it", "read", "", "ok", 0.001)
    Play(lambda *_: [ConnectionRefusedError()], clock).run(flush(outcomes, SERVER), lambda: False)
    assert outcomes.sent == 1


def test_an_application_whose_own_calls_fail_is_told_so_and_forgets_it_when_it_says_no_more() -> None:
    clock = Clock()
    outcomes, known = Outcomes(clock=clock), board(clock)
    known.snapshot(document(1, breaker(), breaker(op="write")))
    known.renew(3_600)
    heard: list[tuple[str, str]] = []
    known.watch(lambda before, after: heard.append((before.advice, after.advice)))
    alone = breaker(advice="limit", permit_ratio=0.1, reason_class="timeout", reporter=outcomes.reporter)
    answers = iter([{"accepted": 1, "breakers": [alone]}, b"no JSON", {"accepted": 1}])

    def script(first: str, *_: object) -> Iterator[Piece]:
        if first != "CONNECT":
            yield answer(next(answers), "202 Accepted")

    play = Play(script, clock)
    outcomes.add("it", "read", "", "timeout", 1.0)
    conversation = report(outcomes, SERVER, known.advise)
    play.run(conversation, lambda: known.ratio("it", "read", None, None) == 0.1)
    assert known.ratio("it", "write", None, None) == 1.0
    known.change({"index": 2, "breaker": breaker("open")})
    assert known.ratio("it", "read", None, None) == 0.0, "the stricter counts"
    known.change({"index": 3, "breaker": breaker()})
    assert known.verdict("it", "read").reason_class == "timeout"
    Play(script, clock).run(report(outcomes, SERVER, known.advise), lambda: known.ratio("it", "read", None, None) == 1.0)
    assert heard[-1] == ("limit", "allow")
    known.advise([alone])
    known.after_fork()
    assert known.ratio("it", "read", None, None) == 1.0, "a child is another reporter"
