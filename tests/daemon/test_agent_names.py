"""With the Agent's check switched off and kvmon on, no name is missing that the servers can give."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import isfinite
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pytest

from tests.daemon.test_pushing import DASHBOARD
from tests.servers.cluster import form
from tests.servers.daemon import Daemon
from tests.servers.server import Server
from tests.servers.waiting import until
from tests.tell.sinks.datadog.intake import KEY, Intake
from tests.tell.sinks.datadog.listener import Listener
from tests.tell.sinks.datadog.test_points import AGENT

AGGREGATES = (".avg", ".median", ".max", ".95percentile")


class Sent(NamedTuple):
    name: str
    kind: str
    tags: frozenset[str]


def given(server: Server) -> set[str]:
    """The Agent's names of plain numbers that this server's INFO has now, and of its CLUSTER INFO."""
    fields = server.info("everything")
    if server.info("cluster").get("cluster_enabled") == "1":
        fields |= dict(line.split(":", 1) for line in server.command("CLUSTER", "INFO").split("\r\n") if ":" in line)
        fields["cluster_state"] = "1"
    numbers = set()
    for field, text in fields.items():
        try:
            value = float(text.removesuffix("%"))
        except ValueError:
            continue
        if isfinite(value):
            numbers.add(field)
    found = set()
    for name, source, _ in AGENT:
        kind, _, rest = source.partition(" ")
        field = rest.split(" ")[-1] if kind == "INFO" and " " not in rest else rest.split(" ")[1 if kind == "CLUSTER" else 0]
        if kind in ("INFO", "CLUSTER") and field in numbers:
            found.add(name)
    return found


def of(sent: Iterable[Sent], server: Server) -> set[str]:
    return {each.name for each in sent if f"redis_port:{server.port}" in each.tags}


@pytest.mark.slow
@pytest.mark.parametrize("agentless", [False, True], ids=["dogstatsd", "agentless"])
def test_every_name_that_the_servers_can_give_is_sent(
    agentless: bool, start_server: Callable[..., Server], start_daemon: Callable[..., Daemon], tmp_path: Path
) -> None:
    primary, *replicas = (start_server() for _ in range(3))
    nodes = [start_server(cluster=True) for _ in range(3)]
    form(nodes)
    for replica in replicas:
        replica.command("REPLICAOF", "127.0.0.1", str(primary.port))
    primary.command("SET", "key", "value", "EX", "1000")
    with TemporaryDirectory(prefix="kvmon-") as folder, Listener(Path(folder) / "dsd") as listener, Intake() as intake:
        way = {"api_key": KEY, "api": intake.url, "hostname": "here"} if agentless else {"dogstatsd": listener.url}
        daemon = start_daemon({
            "interval": "1s",
            "state_dir": str(tmp_path),
            "collectors": {"slowlog": {"every": "1s"}, "clients": {"enabled": True, "every": "1s"},
                           "keys": {"every": "1s", "single": ["key"]}},
            "datadog": {**way, "interval": "1s"},
            "targets": [
                {"name": "plain", "url": primary.url, "labels": {"team": "web"}},
                {"name": "cluster", "url": nodes[0].url, "probe": "off"},
            ],
        })  # fmt: skip

        def sent() -> list[Sent]:
            if agentless:
                return [Sent(each.name, each.kind, each.tags) for each in list(intake.points)]
            return [Sent(each.name, each.kind, each.tags) for each in listener.metrics]

        for server in (primary, *replicas, *nodes):
            names = given(server)
            assert len(names) > 120
            until(lambda server=server, names=names: names <= of(sent(), server), what=f"all of {server.address}")  # type: ignore[misc]
        primary.config_set("slowlog-log-slower-than", "0")
        with primary.client() as client:
            for _ in range(500):
                client.command("GET", "key")
        stock = {f"redis.{name}" for name in DASHBOARD}
        if agentless:
            stock = (stock - {"redis.slowlog.micros"}) | {f"redis.slowlog.micros{suffix}" for suffix in (*AGGREGATES, ".count")}
        until(lambda: stock <= {each.name for each in sent()}, what=f"the stock dashboard\n{daemon.logs[-2000:]}")
        computed = {"redis.keys", "redis.expires", "redis.persist", "redis.persist.percent", "redis.expires.percent",
                    "redis.info.latency_ms", "redis.net.maxclients", "redis.net.connections", "redis.command.calls",
                    "redis.command.usec_per_call", "redis.replication.delay", "redis.ping.latency_ms"}  # fmt: skip
        until(lambda: computed <= of(sent(), primary), what="what is computed")
        until(lambda: "redis.key.length" in {each.name for each in sent()}, what="keys, asked at one node of the shard")
        _check_kinds(sent(), agentless=agentless)
        _check_tags(sent(), primary, replicas)
        delays = {each.tags for each in sent() if each.name == "redis.replication.delay"}
        ports = {tag for tags in delays for tag in tags if tag.startswith("slave_port:")}
        assert ports == {f"slave_port:{replica.port}" for replica in replicas}
        assert listener.wrong == []
        assert 400 not in intake.statuses


def _check_kinds(sent: Sequence[Sent], *, agentless: bool) -> None:
    for each in sent:
        slow = each.name.startswith("redis.slowlog.micros")
        if agentless:
            assert each.kind == ("rate" if slow and each.name.endswith(".count") else "gauge"), each
        else:
            assert each.kind == ("h" if slow else "g"), each


def _check_tags(sent: Sequence[Sent], primary: Server, replicas: Sequence[Server]) -> None:
    by_port = {str(primary.port): "master", **{str(replica.port): "slave" for replica in replicas}}
    extra = {
        "redis.keys": "redis_db",
        "redis.key.length": "key",
        "redis.command.calls": "command",
        "redis.net.connections": "source",
    }
    for each in sent:
        if not each.name.startswith("redis."):
            continue
        tags = dict(tag.split(":", 1) for tag in each.tags)
        assert {"redis_host", "redis_port", "target", "provider"} <= tags.keys(), each
        if tags["redis_port"] in by_port and not each.name.startswith("redis.slowlog."):
            assert tags["redis_role"] == by_port[tags["redis_port"]], each
        if each.name.startswith("redis.slowlog."):
            assert "redis_role" not in tags
            assert "command" in tags
        if each.name in extra:
            assert extra[each.name] in tags, each
        assert (tags.get("team") == "web") is (tags["target"] == "plain"), each
