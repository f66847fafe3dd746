"""What a snapshot comes to: names, kinds and tags."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest

from kvmon.model.metrics.catalogue import commands, derived, keys, polls, probes
from kvmon.model.metrics.sample import Sample
from kvmon.model.snapshot import Failure, Snapshot
from kvmon.model.targets.address import Address
from kvmon.model.targets.target import Node, Target
from kvmon.tell.sinks.datadog.checks import checks
from kvmon.tell.sinks.datadog.durations import Durations
from kvmon.tell.sinks.datadog.names import CLUSTER, GAUGES, PREFIX, RATES
from kvmon.tell.sinks.datadog.point import Form, Point, Status
from kvmon.tell.sinks.datadog.points import points
from kvmon.tell.sinks.datadog.slow import Slow, slow_points
from kvmon.tell.sinks.datadog.tags import node_tags, tag
from tests.tell.examples import node, snapshot

AGENT = json.loads((Path(__file__).parent / "agent_names.json").read_text())
COMPUTED = {
    "redis.keys", "redis.expires", "redis.persist", "redis.persist.percent", "redis.expires.percent", "redis.info.latency_ms",
    "redis.net.maxclients", "redis.net.connections", "redis.replication.delay",
    "redis.replication.master_link_down_since_seconds", "redis.command.calls", "redis.command.usec_per_call",
    "redis.ping.latency_ms", "redis.key.length",
}  # fmt: skip
"""Sent, and computed from more than one plain field."""


class Entry(NamedTuple):
    cost: float
    command: str


def test_every_name_of_the_agent_is_sent() -> None:
    plain = {PREFIX + name for name in (*GAUGES.values(), *CLUSTER.values(), *RATES.values())}
    slowlog = {name for name, *_ in AGENT if name.startswith("redis.slowlog.micros.")}  # made by the Agent of our histogram
    assert {name for name, *_ in AGENT} == plain | COMPUTED | slowlog


def test_each_field_of_info_has_the_agents_name_and_kind() -> None:
    for name, source, submitted in AGENT:
        field = source.removeprefix("INFO ")
        if source.startswith("INFO ") and " " not in field:
            table = RATES if "rate" in submitted else GAUGES
            assert PREFIX + table[field] == name


def of(given: list[Point], name: str) -> list[tuple[float, Form, tuple[str, ...]]]:
    return [(point.value, point.form, point.tags) for point in given if point.name == name]


BASE = ("redis_host:cache.example.net", "redis_port:6379", "target:sessions", "provider:self", "team:web")


def subject(facts: dict[str, str], samples: list[Sample] | None = None, *, at: float = 1000.0) -> Snapshot:
    return snapshot(node(labels={"team": "web"}), samples or [], facts=facts, at=at)


def test_kinds_and_tags() -> None:
    base = node_tags(node(labels={"team": "web"}))
    assert [each for each in base if not each.startswith("provider:")] == [e for e in BASE if not e.startswith("provider:")]
    tags = (*base, "redis_role:master")
    facts = {
        "role": "master", "used_memory": "1024", "evicted_keys": "7", "keyspace_hits": "150", "db0": "keys=4,expires=1,avg_ttl=0",
        "loading_loaded_perc": "12.5%", "used_memory_human": "1K", "master_repl_offset": "100", "connected_slaves": "1",
        "slave0": "ip=10.0.0.2,port=6379,state=online,offset=60,lag=1", "maxclients": "10000", "latest_fork_usec": "250",
    }  # fmt: skip
    samples = [
        Sample(commands.CALLS, 4, ("config|get",)),
        Sample(commands.DURATION, 0.0001, ("config|get",)),
        Sample(derived.HIT_RATIO, 0.5, ("5m",)),
        Sample(derived.LAG_SECONDS, 0, ("",)),
        Sample(polls.UP, 1),
    ]
    now = subject(facts, samples)
    before = subject({**facts, "keyspace_hits": "100"}, at=990.0)
    given = points(now, before)
    gauge = Form.GAUGE
    assert of(given, "redis.mem.used") == [(1024, gauge, tags)]
    assert of(given, "redis.keys.evicted") == [(7, gauge, tags)], "a growing value stays as it is, as with the Agent"
    assert of(given, "redis.stats.keyspace_hits") == [(5.0, gauge, tags)], "a rate is sent as a gauge"
    assert of(given, "redis.perf.latest_fork_usec") == [(250, gauge, tags)]
    assert of(given, "redis.aof.loading_loaded_perc") == [(12.5, gauge, tags)]
    assert of(given, "redis.persist.percent") == [(75.0, gauge, (*tags, "redis_db:db0"))]
    assert of(given, "redis.replication.delay") == [
        (40, gauge, (*tags, "slave_ip:10.0.0.2", "slave_port:6379", "slave_id:0")),
    ]
    assert of(given, "redis.command.calls") == [(4, gauge, (*tags, "command:config_get"))]
    assert of(given, "redis.command.usec_per_call") == [(25.0, gauge, (*tags, "command:config_get"))]
    assert of(given, "redis.net.maxclients") == [(10000, gauge, tags)]
    assert of(given, "kvmon.hit_ratio") == [(0.5, gauge, (*tags, "window:5m"))]
    assert of(given, "kvmon.replication_lag_seconds") == [(0, gauge, tags)], "a label without a value is no tag"
    assert not [point for point in given if point.name in {"redis.up", "redis.replication.master_link_down_since_seconds"}]


def test_keys_have_lengths_types_and_none_where_they_are_gone() -> None:
    found = [Sample(keys.LENGTH_OF_KEY, 3, ("db0", "a list", "list")), Sample(keys.LENGTH_OF_KEY, 0, ("db2", "gone", ""))]
    tags = (*node_tags(node(labels={"team": "web"})), "redis_role:master")
    assert of(points(subject({"role": "master"}, found), None), "redis.key.length") == [
        (3, Form.GAUGE, (*tags, "redis_db:db0", "key:a_list", "key_type:list")),
        (0, Form.GAUGE, (*tags, "redis_db:db2", "key:gone")),
    ]


def test_a_rate_needs_two_polls_and_a_counter_that_went_on() -> None:
    facts = {"role": "master", "total_commands_processed": "10"}
    now = subject(facts)
    assert of(points(now, None), "redis.net.commands") == []
    assert of(points(now, subject({"total_commands_processed": "11"}, at=990.0)), "redis.net.commands") == []
    assert of(points(now, subject({"total_commands_processed": "5"}, at=999.9)), "redis.net.commands") == []
    assert of(points(now, subject({"total_commands_processed": "5"}, at=995.0)), "redis.net.commands")[0][0] == 1.0


def test_what_grows_is_sent_as_a_rate_too() -> None:
    base = node_tags(node(labels={"team": "web"}))
    facts = {"role": "master", "evicted_keys": "50", "total_net_input_bytes": "10", "maxmemory_policy": "allkeys-lru"}
    calls = [Sample(commands.CALLS, value, (name,)) for name, value in (("get", 30), ("set", 5), ("new", 4))]
    earlier = [Sample(commands.CALLS, value, (name,)) for name, value in (("get", 10), ("set", 9))]
    before = subject({**facts, "evicted_keys": "20", "total_net_input_bytes": "11"}, earlier, at=990.0)
    given = points(subject(facts, calls), before)
    tags = (*base, "redis_role:master")
    assert of(given, "kvmon.keys.evicted.per_second") == [(3.0, Form.GAUGE, (*tags, "maxmemory_policy:allkeys-lru"))]
    assert of(given, "kvmon.net.total_input_bytes.per_second") == [], "a counter that went back"
    assert of(given, "kvmon.command.calls.per_second") == [(2.0, Form.GAUGE, (*tags, "command:get"))]
    assert not [point for point in points(subject(facts, calls), None) if point.name.endswith("per_second")]


def test_states_that_the_agent_does_not_send() -> None:
    facts = {
        "rdb_last_bgsave_status": "ok", "aof_last_bgrewrite_status": "ok", "aof_last_write_status": "err",
        "master_link_status": "down", "uptime_in_seconds": "77",
    }  # fmt: skip
    assert {point.name: point.value for point in points(subject(facts), None) if point.name.startswith("kvmon.")} == {
        "kvmon.rdb.last_bgsave_ok": 1, "kvmon.aof.last_rewrite_ok": 1, "kvmon.aof.last_write_ok": 0,
        "kvmon.replication.master_link_ok": 0, "kvmon.uptime_in_seconds": 77,
    }  # fmt: skip


def test_a_replica_tells_how_long_its_link_is_down() -> None:
    down = {"role": "slave", "master_link_status": "down", "master_link_down_since_seconds": "9"}
    name = "redis.replication.master_link_down_since_seconds"
    assert of(points(subject(down), None), name)[0][0] == 9
    assert of(points(subject({**down, "master_link_status": "up"}), None), name)[0][0] == 0


def test_a_server_that_is_down_gives_no_values_of_its_own() -> None:
    failure = Failure("poll", "refused", "connection refused")
    down = replace(subject({}, [Sample(polls.KVMON_UP, 0)]), up=False, failures=(failure,))
    assert [point.name for point in points(down, subject({"used_memory": "1"}))] == ["kvmon.up"]


@pytest.mark.parametrize(
    ("reason", "status"),
    [
        ("refused", Status.CRITICAL), ("timeout", Status.CRITICAL), ("loading", Status.WARNING), ("auth", Status.UNKNOWN),
        ("noperm", Status.UNKNOWN),
    ],
)  # fmt: skip
def test_whether_it_can_be_reached(reason: str, status: Status) -> None:
    (found,) = checks(replace(subject({}), up=False, failures=(Failure("poll", reason, "why"),)))
    assert (found.name, found.status, found.message) == ("redis.can_connect", status, "why")
    assert not [each for each in found.tags if each.startswith("redis_role")]


@pytest.mark.parametrize(
    ("link", "syncing", "status"), [("up", "0", Status.OK), ("down", "1", Status.WARNING), ("down", "0", Status.CRITICAL)]
)
def test_whether_a_replica_follows(link: str, syncing: str, status: Status) -> None:
    facts = {"role": "slave", "master_link_status": link, "master_sync_in_progress": syncing}
    reached, follows = checks(subject(facts))
    assert reached.status is Status.OK
    assert (follows.name, follows.status) == ("redis.replication.master_link_status", status)


def test_slow_commands() -> None:
    found = list(slow_points(Slow(node(labels={"team": "web"}), [Entry(0.5, "get"), Entry(0.25, "keys")])))
    assert [(point.name, point.value, point.form) for point in found] == [
        ("redis.slowlog.micros", 500_000, Form.HISTOGRAM), ("redis.slowlog.micros", 250_000, Form.HISTOGRAM),
    ]  # fmt: skip
    assert [point.tags[-1] for point in found] == ["command:get", "command:keys"]
    assert not [each for point in found for each in point.tags if each.startswith("redis_role")], "as with the Agent"


def test_tags_cannot_break_the_grammar() -> None:
    assert tag("a", "x|#y,z\nw:1|g") == "a:x__y_z_w:1_g"
    assert len(tag("a", "b" * 500)) == 200


def test_a_socket_and_a_bare_target() -> None:
    socket = Address(path="/run/redis.sock")
    assert node_tags(Node(Target("it", (socket,), bare=True), socket)) == ("redis_host:/run/redis.sock", "redis_port:unix_socket")


def test_the_mean_time_of_steps_since_the_push_before() -> None:
    durations, tags = Durations(), {("it", "h:1"): ("redis_host:h",)}

    def seen(count: int, total: float) -> list[tuple[str, float, tuple[str, ...]]]:
        labels = ("it", "h:1", "ping")
        given = [Sample(probes.DURATION, count, labels, "_count"), Sample(probes.DURATION, total, labels, "_sum")]
        return [(point.name, point.value, point.tags) for point in durations.points(given, tags)]

    assert [value for _, value, _ in seen(2, 0.5)] == [0.25, 250.0]
    assert seen(4, 0.75) == [
        ("kvmon.probe_duration_seconds.avg", 0.125, ("redis_host:h", "step:ping")),
        ("redis.ping.latency_ms", 125.0, ("redis_host:h",)),
    ]
    assert seen(4, 0.75) == [], "nothing was tried meanwhile"
