"""Delivery: over UDP and a unix socket, and what is lost is counted."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kvmon.clock import SystemClock
from kvmon.tell.sinks.datadog.dogstatsd import DogStatsdOutlet
from kvmon.tell.sinks.datadog.options import DatadogOptions
from kvmon.tell.sinks.datadog.point import Event, Form, Point, ServiceCheck, Status
from tests.servers.waiting import until
from tests.tell.sinks.datadog.listener import Check, Listener, Metric

COUNT = 500
NOW = 1_700_000_000.5


@pytest.fixture(params=["udp", "unix", "stream"])
def listener(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Listener]:
    with Listener(None if request.param == "udp" else tmp_path / "dsd", stream=request.param == "stream") as started:
        yield started


def outlet(url: str, **options: Any) -> DogStatsdOutlet:
    return DogStatsdOutlet(DatadogOptions(dogstatsd=url, **options), clock=SystemClock())


async def test_everything_arrives_as_the_grammar_wants_it(listener: Listener) -> None:
    way = outlet(listener.url, tags=("env:test",))
    try:
        for number in range(COUNT):
            way.send(Point("redis.keys", number, ("redis_db:db0",)), NOW)
        way.send(Point("redis.slowlog.micros", 12, ("command:get",), Form.HISTOGRAM), NOW)
        way.send(Point("redis.mem.used", math.nan), NOW)
        way.check(ServiceCheck("redis.can_connect", Status.CRITICAL, ("redis_port:1",), "not\nnow | or ever"), NOW)
        way.event(Event("a | title\nof two lines", "é|t:error", "a|key", ("redis_port:1",), "warning"), NOW)
        until(lambda: len(listener.metrics) == COUNT + 1 and listener.checks and listener.events, what="everything")
        assert listener.wrong == []
        assert [each.value for each in listener.named("redis.keys", redis_db="db0", env="test")] == list(range(COUNT))
        assert {each.kind for each in listener.named("redis.keys")} == {"g"}
        assert {each.timestamp for each in listener.metrics} == {None}
        assert listener.named("redis.slowlog.micros") == [
            Metric("redis.slowlog.micros", 12, "h", frozenset({"command:get", "env:test"}))
        ]
        assert listener.checks == [Check("redis.can_connect", 2, frozenset({"redis_port:1", "env:test"}))]
        (event,) = listener.events
        assert (event.title, event.text) == ("a | title\nof two lines", "é|t:error")
        assert event.fields == {"d": str(int(NOW)), "k": "a/key", "s": "redis", "t": "warning"}
        assert event.tags == {"redis_port:1", "env:test"}
        until(lambda: way.results == {"sent": COUNT + 3, "not_a_number": 1}, what=f"everything counted: {way.results}")
        assert way.waiting == 0
        assert listener.longest <= 8192
    finally:
        await way.close()


async def test_points_carry_the_time_of_their_poll_where_that_is_wanted(tmp_path: Path) -> None:
    with Listener(tmp_path / "dsd") as listener:
        way = outlet(listener.url, timestamps=True)
        way.send(Point("redis.keys", 1), NOW)
        way.send(Point("redis.slowlog.micros", 1, (), Form.HISTOGRAM), NOW)
        await way.close()
        until(lambda: len(listener.metrics) == 2, what="both")
        assert listener.named("redis.keys")[0].timestamp == int(NOW)
        assert listener.named("redis.slowlog.micros")[0].timestamp is None, "histograms cannot have one"


async def test_what_nobody_takes_is_counted(tmp_path: Path) -> None:
    way = outlet(f"unix://{tmp_path}/nobody")
    try:
        for number in range(COUNT):
            way.send(Point("redis.keys", number), NOW)
        until(lambda: way.results["socket"] == COUNT, what="every loss counted")
        assert way.results["sent"] == way.waiting == 0
        assert "kvmon_datadog_last_success_timestamp_seconds" not in {sample.spec.name for sample in way.samples()}
    finally:
        await way.close()
