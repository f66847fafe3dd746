"""Delivery: over UDP and a unix socket, and what is lost is counted."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import pytest

from kvmon.tell.sinks.datadog.client import Client
from kvmon.tell.sinks.datadog.options import DatadogOptions
from kvmon.tell.sinks.datadog.point import Form, Point, ServiceCheck, Status
from tests.servers.waiting import until
from tests.tell.sinks.datadog.listener import Check, Listener, Metric

COUNT = 500


@pytest.fixture(params=["udp", "unix", "stream"])
def listener(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Listener]:
    with Listener(None if request.param == "udp" else tmp_path / "dsd", stream=request.param == "stream") as started:
        yield started


def test_everything_arrives_as_the_grammar_wants_it(listener: Listener) -> None:
    client = Client(DatadogOptions(dogstatsd=listener.url, tags=("env:test",)))
    try:
        for number in range(COUNT):
            client.send(Point("redis.keys", number, ("redis_db:db0",)))
        client.send(Point("redis.slowlog.micros", 12, ("command:get",), Form.HISTOGRAM))
        client.send(Point("redis.mem.used", math.nan))
        client.check(ServiceCheck("redis.can_connect", Status.CRITICAL, ("redis_port:1",), "not\nnow | or ever"))
        until(lambda: len(listener.metrics) == COUNT + 1 and listener.checks, what="everything")
        assert listener.wrong == []
        assert [each.value for each in listener.named("redis.keys", redis_db="db0", env="test")] == list(range(COUNT))
        assert {each.kind for each in listener.named("redis.keys")} == {"g"}
        assert listener.named("redis.slowlog.micros") == [
            Metric("redis.slowlog.micros", 12, "h", frozenset({"command:get", "env:test"}))
        ]
        assert listener.checks == [Check("redis.can_connect", 2, frozenset({"redis_port:1", "env:test"}))]
        assert (client.points, client.refused, sum(client.dropped.values())) == (COUNT + 1, 1, 0)
        assert client.sent >= 1
        assert listener.longest <= 8192
    finally:
        client.close()


def test_what_nobody_takes_is_counted(tmp_path: Path) -> None:
    client = Client(DatadogOptions(dogstatsd=f"unix://{tmp_path}/nobody"))
    try:
        for number in range(COUNT):
            client.send(Point("redis.keys", number))
        until(lambda: client.dropped["socket"] > 0, what="a loss that is counted")
        assert client.sent == 0
    finally:
        client.close()
