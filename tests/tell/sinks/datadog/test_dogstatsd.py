"""Delivery: over UDP and a unix socket, and what is lost is counted."""

from __future__ import annotations

import math
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
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


@pytest.mark.slow
@pytest.mark.parametrize("pause", [0.0, 0.003], ids=["quick", "slow"])
async def test_of_a_hundred_thousand_points_none_is_lost_uncounted(tmp_path: Path, pause: float) -> None:
    """Through a unix socket, to an Agent that is quick, and to one that takes its time over each packet."""
    count = 100_000
    tags = ("redis_host:cache.example.net", "redis_port:6379", "redis_role:master", "target:sessions", "provider:self-hosted")
    received = 0
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as agent:
        agent.bind(str(tmp_path / "dsd"))
        agent.settimeout(0.1)
        over = threading.Event()

        def listen() -> None:
            nonlocal received
            while not over.is_set():
                with suppress(TimeoutError):
                    received += agent.recv(65_536).count(b"\n")
                    if pause:
                        time.sleep(pause)

        thread = threading.Thread(target=listen)
        thread.start()
        way = outlet(f"unix://{tmp_path}/dsd")
        try:
            for number in range(count):
                way.send(Point("redis.keys", number, tags), NOW)
            until(lambda: way.waiting == 0, what=f"everything sent, or counted as lost: {way.results}")
            lost = count - way.results["sent"]
            until(lambda: received + lost == count, what=f"what was sent has arrived: {received} and {way.results}")
            assert sum(way.results.values()) == count
            assert lost == 0
        finally:
            await way.close()
            over.set()
            thread.join(20)
