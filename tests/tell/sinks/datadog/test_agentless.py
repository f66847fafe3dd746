"""Without an Agent: what is taken arrives once, and what is not is sent again, split, or counted as lost."""

from __future__ import annotations

import math
import random
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvmon.clock import ManualClock
from kvmon.tell.sinks.datadog.agentless.answers import LONGEST_WAIT, Action, judge
from kvmon.tell.sinks.datadog.agentless.batch import LARGEST, LARGEST_PLAIN, Kind, batches, halves, series
from kvmon.tell.sinks.datadog.point import Event, Form, Point, ServiceCheck, Status
from tests.tell.sinks.datadog.intake import KEY, Fault, Intake
from tests.tell.sinks.datadog.pushing import outlet, pushed, results


async def test_points_checks_and_events_arrive(intake: Intake, clock: ManualClock) -> None:
    way = outlet(intake, clock)
    way.send(Point("redis.keys", 3.0, ("redis_db:db0",)), clock.time() - 7)
    way.send(Point("redis.mem.used", math.inf), clock.time())
    way.send(Point("kvmon.journal_ok", True), clock.time())
    for micros in range(1, 101):
        way.send(Point("redis.slowlog.micros", micros, ("command:get",), Form.HISTOGRAM), clock.time())
    way.check(ServiceCheck("redis.can_connect", Status.WARNING, ("redis_port:1",), "loading"), clock.time())
    way.event(Event("restart", "of it", "it", ("redis_port:1",)), clock.time())
    await way.end_push()
    assert await way.sender.deliver() is None
    (keys,) = intake.named("redis.keys", redis_db="db0", env="test")
    assert (keys.value, keys.at, keys.kind, keys.host) == (3.0, int(clock.time()) - 7, "gauge", "here")
    aggregates = {each.name.removeprefix("redis.slowlog.micros."): (each.value, each.kind) for each in intake.points[2:]}
    assert aggregates == {
        "avg": (50.5, "gauge"), "max": (100, "gauge"), "median": (50, "gauge"), "95percentile": (95, "gauge"),
        "count": (100 / 15, "rate"),
    }  # fmt: skip
    assert {each.tags for each in intake.points[2:]} == {frozenset({"command:get", "env:test"})}
    (check,) = intake.checks
    assert (check["check"], check["status"], check["host_name"], check["message"]) == ("redis.can_connect", 1, "here", "loading")
    (event,) = intake.events
    assert (event["title"], event["aggregation_key"], event["tags"]) == ("restart", "it", {"redis_port:1", "env:test"})
    assert results(way) == {"sent": 9, "not_a_number": 1}
    await way.close()


@pytest.mark.parametrize(
    ("fault", "pause"),
    [
        (Fault(408), 1.0), (Fault(500, body="<html>"), 1.0), (Fault(503), 1.0), (Fault(0), 1.0), (Fault(302), 1.0),
        (Fault(200, body="<html>please sign in</html>"), 1.0), (Fault(429), 1.0), (Fault(429, {"Retry-After": "17"}), 17.0),
        (Fault(429, {"X-RateLimit-Reset": "9"}), 9.0), (Fault(503, {"Retry-After": "120"}, "busy"), 120.0),
        (Fault(503, {"Retry-After": "99999999"}), LONGEST_WAIT), (Fault(503, {"Retry-After": "soon"}), 1.0),
    ],
)  # fmt: skip
async def test_what_is_not_taken_now_is_sent_again_later(intake: Intake, clock: ManualClock, fault: Fault, pause: float) -> None:
    way = outlet(intake, clock)
    intake.faults = [fault]
    assert await pushed(way, clock, 1, 2) == pause
    assert await pushed(way, clock, 3) == pause, "what is new does not shorten the pause"
    assert intake.points == []
    clock.advance(pause)
    assert await way.sender.deliver() is None
    assert [each.value for each in intake.points] == [1, 2, 3]
    assert results(way) == {"sent": 3}
    await way.close()


async def test_pauses_grow_and_are_short_again_after_success(intake: Intake, clock: ManualClock) -> None:
    way = outlet(intake, clock)
    intake.faults = [Fault(500)] * 8
    pauses = [await pushed(way, clock, 1)]
    for _ in range(7):
        clock.advance(pauses[-1] or 0)
        pauses.append(await way.sender.deliver())
    assert pauses == [1, 2, 4, 8, 16, 32, 64, 64]
    clock.advance(64)
    assert await way.sender.deliver() is None
    intake.faults = [Fault(500)]
    assert await pushed(way, clock, 1) == 1
    await way.close()


@pytest.mark.parametrize("status", [400, 404, 422])
async def test_what_is_turned_down_is_counted_and_not_sent_again(intake: Intake, clock: ManualClock, status: int) -> None:
    way = outlet(intake, clock)
    intake.faults = [Fault(503), Fault(status, body='{"errors":["malformed"]}')]
    assert await pushed(way, clock, 1, 2) == 1.0
    clock.advance(1.0)
    assert await way.sender.deliver() is None
    assert await pushed(way, clock, 3) is None
    assert [each.value for each in intake.points] == [3]
    assert results(way) == {"sent": 1, "refused": 2}
    await way.close()


async def test_what_is_too_large_is_sent_in_parts(intake: Intake, clock: ManualClock) -> None:
    way = outlet(intake, clock)
    intake.faults = [Fault(413), Fault(413), Fault(413)]
    assert await pushed(way, clock, *range(7)) is None
    # Halved, halved, and the one that is left alone of the first quarter is too large for ever.
    assert [each.value for each in intake.points] == [1, 2, 3, 4, 5, 6]
    assert results(way) == {"sent": 6, "refused": 1}
    await way.close()


async def test_a_key_that_is_not_valid_waits_for_another(intake: Intake, clock: ManualClock, tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("wrong\n")
    way = outlet(intake, clock, api_key=None, api_key_file=str(file))
    pause = await pushed(way, clock, 1)
    assert (intake.statuses, pause) == ([403], 5.0)
    assert await way.sender.deliver() is not None
    assert intake.statuses == [403], "the same key is not tried again at once"
    file.unlink()
    assert await way.sender.deliver() is not None, "a file that is gone is waited for"
    file.write_text(f"{KEY}\n")
    intake.faults = [Fault(0)]
    pause = await way.sender.deliver()
    assert pause is not None, "another key does not make a dead connection be tried without end"
    clock.advance(pause)
    assert await way.sender.deliver() is None
    assert [each.value for each in intake.points] == [1]
    intake.key = "f" * 32
    file.write_text(f" {intake.key} ")
    assert await pushed(way, clock, 2) is None, "a key is changed without a failure"
    assert intake.statuses == [403, 0, 202, 202]
    await way.close()


def test_batches_keep_to_the_limits() -> None:
    chance = random.Random(2)
    items = [series(Point("redis.keys", chance.random(), (f"a:{chance.randbytes(80).hex()}",)), 1.0, "h") for _ in range(30_000)]
    found = list(batches(Kind.SERIES, items))
    assert sum(batch.count for batch in found) == len(items)
    assert all(len(batch.body) <= LARGEST for batch in found)
    assert len(found) > sum(len(item.text) for item in items) / LARGEST_PLAIN, "the compressed size counts as well"
    first = found[0]
    one, two = halves(first)
    assert one.count + two.count == first.count
    assert halves(next(iter(batches(Kind.EVENTS, [items[0]])))) == []


@given(st.integers(100, 599), st.text(max_size=50), st.text(max_size=300))
def test_any_answer_is_judged(status: int, wait: str, body: str) -> None:
    verdict = judge(status, {"Retry-After": wait}, body, now=1e9)
    assert (verdict.action is Action.DONE) <= (200 <= status < 300)
    assert verdict.wait is None or 0 <= verdict.wait <= LONGEST_WAIT
    assert len(verdict.reason) < 300


def test_a_date_to_come_back_at() -> None:
    when = format_datetime(datetime.fromtimestamp(1_000_000_060, UTC), usegmt=True)
    assert judge(503, {"Retry-After": when}, "", now=1_000_000_000.0).wait == 60.0
