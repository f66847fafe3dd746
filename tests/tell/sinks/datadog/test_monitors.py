"""Monitors that are shipped: of the shape that the API takes, and in alert when, and only when, their name says so."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from kvmon.model.metrics.catalogue import breakers, daemon, derived, probes
from kvmon.model.metrics.sample import Sample
from kvmon.tell.sinks.datadog.point import Point
from kvmon.tell.sinks.datadog.points import of_samples, points
from tests.tell.examples import node, snapshot
from tests.tell.sinks.datadog.monitor import alerting, metrics, parse
from tests.tell.sinks.datadog.test_dashboards import CHECKS, FOLDER, SENT

MONITORS = {path.stem: json.loads(path.read_text()) for path in sorted((FOLDER / "monitors").glob("*.json"))}
BY_METRIC = {name: monitor for name, monitor in MONITORS.items() if monitor["type"] == "query alert"}
BY_CHECK = {name: monitor for name, monitor in MONITORS.items() if monitor["type"] == "service check"}
NOW = 1_000_000.0
HERE = ("cache.example.net", "6379")
MIB = 1 << 20
BASE = {
    "role": "master",
    "used_memory": str(900 * MIB), "used_memory_rss": str(950 * MIB), "maxmemory": "0", "connected_clients": "100",
    "blocked_clients": "3", "uptime_in_seconds": "86400", "rdb_last_bgsave_status": "ok", "aof_last_write_status": "ok",
    "evicted_keys": "5", "rejected_connections": "5", "maxmemory_policy": "noeviction",
}  # fmt: skip


VOLATILE = {"maxmemory_policy": "volatile-ttl"}


def pushes(
    facts: dict[str, str] | None = None, *samples: Sample, grows: dict[str, int] | None = None, own: Sequence[Sample] = ()
) -> list[list[Point]]:
    """Five pushes of one node that is well, but for what is given; `grows` says by how much in each."""
    found, before = [], None
    for step in range(5):
        moving = {name: str(1000 + by * step) for name, by in (grows or {}).items()}
        now = snapshot(node(), samples, facts={**BASE, **(facts or {}), **moving}, at=NOW + 15 * step)
        found.append([*points(now, before), *of_samples([Sample(daemon.NODES, 1), *own], (), now=now.at)])
        before = now
    return found


def own(sample: Sample) -> list[list[Point]]:
    return pushes(own=[sample])


def breaker(state: str) -> list[list[Point]]:
    key = ("sessions", "write", "")
    return pushes(own=[Sample(breakers.STATE, float(each == state), (*key, each)) for each in ("closed", "open", "half_open")])


def lag(seconds: float) -> list[list[Point]]:
    return pushes(None, Sample(derived.LAG_SECONDS, seconds, ("",)))


def certificate(seconds: float) -> list[list[Point]]:
    return own(Sample(probes.EXPIRY, NOW + seconds, ("sessions", "cache.example.net:6379")))


def slow(micros: float) -> list[list[Point]]:
    name, tags = "redis.slowlog.micros.95percentile", ("redis_host:cache.example.net", "redis_port:6379", "command:keys")
    return [*pushes(), [Point(name, micros, tags)]]


def state(value: float) -> list[list[Point]]:
    tags = ("redis_host:cache.example.net", "redis_port:6379")
    return [[*push, Point("redis.cluster.state", value, tags)] for push in pushes()]


CASES: dict[str, tuple[list[list[Point]], list[list[list[Point]]]]] = {
    "bgsave-failed": (pushes({"rdb_last_bgsave_status": "err"}), []),
    "aof-failed": (pushes({"aof_last_write_status": "err"}), []),
    "rejected-connections": (pushes(grows={"rejected_connections": 1}), []),
    "evictions": (
        pushes(VOLATILE, grows={"evicted_keys": 10}),
        [pushes({"maxmemory_policy": "allkeys-lru"}, grows={"evicted_keys": 9_999}), pushes(VOLATILE)],
    ),
    "evictions-of-a-cache": (
        pushes({"maxmemory_policy": "allkeys-lfu"}, grows={"evicted_keys": 3_000}),
        [
            pushes({"maxmemory_policy": "allkeys-lfu"}, grows={"evicted_keys": 300}),
            pushes(VOLATILE, grows={"evicted_keys": 3_000}),
        ],
    ),
    "memory": (pushes(None, Sample(derived.MEMORY_UTILIZATION, 0.95)), [pushes(None, Sample(derived.MEMORY_UTILIZATION, 0.8))]),
    "fragmentation": (
        pushes({"used_memory": str(300 * MIB), "used_memory_rss": str(600 * MIB)}),
        [pushes({"used_memory": str(10 * MIB), "used_memory_rss": str(60 * MIB)})],
    ),
    "replication-lag": (lag(60), [lag(5)]),
    "blocked-clients": (
        pushes({"blocked_clients": "95"}),
        [pushes({"blocked_clients": "50"}), pushes({"blocked_clients": "4", "connected_clients": "4"})],
    ),
    "slow-commands": (slow(500_000), [slow(10_000)]),
    "errors": (pushes(None, Sample(derived.ERRORS, 20)), [pushes(None, Sample(derived.ERRORS, 1))]),
    "cluster-state": (state(0), [state(1)]),
    "restarted": (pushes({"uptime_in_seconds": "20"}), []),
    "certificate": (certificate(3 * 86_400), [certificate(40 * 86_400)]),
    "breaker-open": (breaker("open"), [breaker("closed"), breaker("half_open")]),
    "kvmon-silent": ([[Point("kvmon.nodes", 0)]], []),
}  # fmt: skip
"""What puts a monitor into alert, and what does not, beside a node that is well."""


@pytest.mark.parametrize("name", BY_METRIC)
def test_a_monitor_is_in_alert_when_its_name_says_so(name: str) -> None:
    monitor = BY_METRIC[name]
    bad, others = CASES[name]
    groups = alerting(monitor, bad)
    assert len(groups) == 1
    if "redis_host" in monitor["query"]:
        assert next(iter(groups))[:2] == HERE, "it says where"
    for fine in (pushes(), *others):
        assert alerting(monitor, fine) == set()


@pytest.mark.parametrize("name", MONITORS)
def test_a_monitor_has_the_shape_that_the_api_takes(name: str) -> None:
    monitor = MONITORS[name]
    assert set(monitor) == {"name", "type", "query", "message", "tags", "options", "priority"}
    assert all(isinstance(monitor[key], str) and monitor[key] for key in ("name", "query", "message"))
    assert 1 <= monitor["priority"] <= 5
    options: dict[str, Any] = monitor["options"]
    assert set(options) <= {
        "thresholds", "notify_audit", "include_tags", "require_full_window", "new_group_delay", "renotify_interval",
        "notify_no_data", "no_data_timeframe",
    }  # fmt: skip
    assert ("no_data_timeframe" in options) is options["notify_no_data"]
    if "{{redis_host.name}}" in monitor["name"]:
        assert "redis_host" in monitor["query"], "what the name says has to be a group"


@pytest.mark.parametrize("name", BY_METRIC)
def test_what_a_monitor_asks_for_is_sent(name: str) -> None:
    monitor = BY_METRIC[name]
    query, thresholds = parse(monitor["query"]), monitor["options"]["thresholds"]
    assert metrics(monitor["query"]) <= SENT
    assert thresholds["critical"] == query.threshold
    rising = query.compare.startswith(">")
    for other in ("warning", "critical_recovery"):
        if other in thresholds:
            assert (thresholds[other] < thresholds["critical"]) is rising
    assert "maxmemory{" not in monitor["query"], "0 stands for no limit: nothing is divided by it"


@pytest.mark.parametrize("name", BY_CHECK)
def test_a_monitor_of_a_check(name: str) -> None:
    monitor = BY_CHECK[name]
    check, rest = monitor["query"].removeprefix('"').split('"', 1)
    last = monitor["options"]["thresholds"]["critical"] + 1
    assert check in CHECKS
    assert rest == f'.over("*").by("redis_host","redis_port").last({last}).count_by_status()'
