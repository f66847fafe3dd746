"""Managed providers, as proxies that do what their tables say: nothing is asked in vain, and what is missing has a reason."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import terminal as terminal  # noqa: PLC0414 - a fixture of the neighbour
from tests.cli.running import Terminal
from tests.servers.cloud import Cloud
from tests.servers.daemon import Daemon
from tests.servers.double import Profile
from tests.servers.profiles import CLUSTERS, PROFILES
from tests.servers.waiting import until

FAST = ("config", "memory", "clients", "modules", "acl", "slowlog", "commandlog", "latency", "cluster_info")
QUICK = {name: {"every": "100ms"} for name in FAST}
MIB = 1024**2


def some(*quick: str) -> list[Any]:
    """All profiles, of which these run always."""
    slow = pytest.mark.slow
    return [pytest.param(row, id=row.provider, marks=[] if row.provider in quick else [slow]) for row in PROFILES]


@pytest.fixture
def start_cloud(tmp_path: Path) -> Iterator[Callable[[Profile], Cloud]]:
    with ExitStack() as stack:
        yield lambda profile: stack.enter_context(Cloud(profile, tmp_path))


def polls(daemon: Daemon, number: int) -> None:
    def made() -> float:
        return daemon.value("redis_exporter_scrapes_total", target="it") or 0.0

    enough = made() + number
    until(lambda: made() >= enough, what=f"{number} polls\n{daemon.logs[-2000:]}")


@pytest.mark.parametrize("profile", some("azure-managed", "elasticache-serverless"))
def test_nothing_is_asked_in_vain_and_nothing_alarms(
    profile: Profile, start_cloud: Callable[[Profile], Cloud], start_daemon: Callable[..., Daemon]
) -> None:
    cloud = start_cloud(profile)
    # Where idle connections are closed, every poll meets a closed one.
    interval = "800ms" if profile.idle else "200ms"
    probe = {"interval": "100ms", "write_every": "200ms"}
    target = {**cloud.target, "collectors": QUICK, "probe": probe}
    daemon = start_daemon({"interval": interval, "targets": [target]})
    daemon.until("redis_up", 1, target="it")
    for op in ("read", "write"):
        daemon.until("kvmon_breaker_state", 1, target="it", op=op, state="closed")
    polls(daemon, 2)
    cloud.forget_errors()
    failures = {str(sample) for sample in daemon.samples("kvmon_collector_failures_total")}
    polls(daemon, 5)
    assert cloud.errors == {}
    assert {str(sample) for sample in daemon.samples("kvmon_collector_failures_total")} == failures
    assert daemon.value("redis_up", target="it") == 1
    opened = [sample for sample in daemon.samples("kvmon_breaker_transitions_total") if sample.value > 1]
    assert opened == []
    # What can be derived is there, what nobody tells is not.
    expected = 12_000_000_000 * 0.8 if profile.sku else 100 * MIB
    source = "sku" if profile.sku else "maxmemory"
    assert daemon.value("kvmon_memory_limit_bytes", target="it", source=source) == pytest.approx(expected)
    if "maxmemory_reservation" in profile.adds:
        assert daemon.value("kvmon_memory_limit_bytes", target="it", source="available") == 80 * MIB
    clients = daemon.value("redis_connected_clients", target="it")
    if profile.sku:
        assert clients is not None
        assert daemon.value("kvmon_clients_utilization_ratio", target="it") == pytest.approx(clients / 30_000)
    shares = ("kvmon_memory_utilization_ratio", "kvmon_clients_utilization_ratio")
    for name in (*shares, "kvmon_commands_per_second", "redis_memory_used_bytes"):
        assert daemon.value(name, target="it") is not None, name
    assert daemon.samples("redis_config_key_value") == []
    if "rdb_" in profile.hides:
        assert daemon.samples("redis_rdb_last_bgsave_status") == []
        assert daemon.samples("redis_mem_fragmentation_ratio") == []
    # Why something is missing can be read, and is no error.
    told = json.loads(daemon.get("/v1/targets").body)["targets"][0]
    node = told["nodes"][0]
    assert (told["provider"], node["status"]) == (profile.provider, "up")
    title = {"azure": "Azure ", "elast": "Amazon ElastiCache", "memor": ""}[profile.provider[:5]]
    assert node["capabilities"]["config"]["status"] == "withheld"
    assert node["capabilities"]["config"]["why"].startswith(f"not available on {title}")
    assert node["capabilities"]["info"] == {"status": "works", "why": None, "without": []}
    for name in ("slowlog", "memory", "acl"):
        if name.upper() in profile.refuses:
            assert node["capabilities"][name]["status"] in ("refused", "withheld")
            assert "not available on " in node["capabilities"][name]["why"]
    if "LATENCY LATEST" in profile.refuses:
        assert node["capabilities"]["latency"]["without"] == ["LATENCY LATEST"]


@pytest.mark.slow
@pytest.mark.parametrize("profile", [pytest.param(row, id=row.id) for row in CLUSTERS])
def test_nodes_announced_by_ip_address_show_the_certificate_of_the_one_name(
    profile: Profile, start_cloud: Callable[[Profile], Cloud], start_daemon: Callable[..., Daemon]
) -> None:
    cloud = start_cloud(profile)
    target = {**cloud.target, "collectors": QUICK, "probe": {"interval": "100ms", "write_every": "200ms"}}
    daemon = start_daemon({"interval": "800ms", "targets": [target]})

    def nodes() -> dict[str, float]:
        return {sample.labels["instance"]: sample.value for sample in daemon.samples("redis_up", target="it")}

    until(lambda: nodes() == dict.fromkeys(cloud.instances, 1.0), what=f"every node, verified\n{daemon.logs[-3000:]}")
    daemon.until("kvmon_cluster_slots", 16_384, target="it", state="ok")

    def all_closed(op: str) -> bool:
        return closed(daemon, op) == len(cloud.instances)

    for op in ("read", "write"):
        until(partial(all_closed, op), what=f"a breaker of each shard\n{daemon.logs[-3000:]}")
    cloud.forget_errors()
    made = {sample.labels["instance"]: sample.value for sample in daemon.samples("redis_exporter_scrapes_total", target="it")}
    until(
        lambda: all(
            sample.value >= made[sample.labels["instance"]] + 3
            for sample in daemon.samples("redis_exporter_scrapes_total", target="it")
        ),
        what="some polls of each",
    )
    assert cloud.errors == {}
    assert nodes() == dict.fromkeys(cloud.instances, 1.0)
    assert [sample for sample in daemon.samples("kvmon_breaker_transitions_total") if sample.value > 1] == []


@pytest.mark.slow
def test_another_name_in_the_certificate_is_refused(
    start_cloud: Callable[[Profile], Cloud], start_daemon: Callable[..., Daemon]
) -> None:
    target = start_cloud(next(row for row in PROFILES if row.provider == "azure-managed")).target
    target["tls"] = {**target["tls"], "server_name": "other.westeurope.redis.azure.net"}
    daemon = start_daemon({"interval": "1s", "targets": [{**target, "probe": False}]})
    daemon.until("redis_up", 0, target="it")
    assert "Hostname mismatch" in daemon.logs


def closed(daemon: Daemon, op: str) -> int:
    """How many breakers of the op are closed."""
    return sum(sample.value == 1 for sample in daemon.samples("kvmon_breaker_state", target="it", op=op, state="closed"))


@pytest.mark.parametrize("profile", some("azure-managed"))
def test_the_doctor_calls_nothing_broken_that_a_provider_does_not_offer(
    profile: Profile, start_cloud: Callable[[Profile], Cloud], terminal: Terminal
) -> None:
    terminal.write(json.dumps({"targets": [start_cloud(profile).target]}))
    outcome = terminal("doctor", "it", "--config", "kvmon.yaml")
    assert outcome.code == 0, outcome.out
    text = " ".join(outcome.out.split())
    assert "✓ permissions" in text
    assert "not available on " in text
