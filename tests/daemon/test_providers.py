"""Managed providers, as proxies that do what their tables say: nothing is asked in vain, and what is missing has a reason."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import terminal as terminal  # noqa: PLC0414 - a fixture of the neighbour
from tests.cli.running import Terminal
from tests.servers.daemon import Daemon
from tests.servers.double import Double, Profile, loopback
from tests.servers.profiles import PROFILES
from tests.servers.server import Server
from tests.servers.tls import Certificates
from tests.servers.waiting import until

FAST = ("config", "memory", "clients", "modules", "acl", "slowlog", "commandlog", "latency", "cluster_info")
MIB = 1024**2


def some(*quick: str) -> list[Any]:
    """All profiles, of which these run always."""
    slow = pytest.mark.slow
    return [pytest.param(row, id=row.provider, marks=[] if row.provider in quick else [slow]) for row in PROFILES]


@pytest.fixture
def start_double(tmp_path: Path) -> Iterator[Callable[[Profile], tuple[Double, dict[str, Any]]]]:
    """A double, and the target that watches it."""
    with ExitStack() as stack:

        def start(profile: Profile) -> tuple[Double, dict[str, Any]]:
            host = loopback()
            settings = {"maxmemory": "100mb"}
            if profile.cluster:
                settings |= {"cluster-announce-ip": host, "cluster-announce-port": str(profile.port)}
            server = stack.enter_context(Server(profile.kind, cluster=profile.cluster, settings=settings))
            if profile.cluster:
                server.command("CLUSTER", "ADDSLOTS", *range(16_384))
                until(lambda: "cluster_state:ok" in server.command("CLUSTER", "INFO"), what="the cluster ready")
            certificates = Certificates(tmp_path / "tls", names=(profile.name,)) if profile.tls else None
            double = stack.enter_context(Double(profile, server, certificates, host))
            target: dict[str, Any] = {"name": "it", "url": f"{'rediss' if profile.tls else 'redis'}://{host}"}
            target |= {"provider": profile.provider, "collectors": {name: {"every": "100ms"} for name in FAST}}
            if certificates is not None:
                target["tls"] = {"ca": certificates["ca.pem"], "server_name": profile.name}
            if profile.sku:
                target["sku"] = profile.sku
            return double, target

        yield start


def polls(daemon: Daemon, number: int) -> None:
    def made() -> float:
        return daemon.value("redis_exporter_scrapes_total", target="it") or 0.0

    enough = made() + number
    until(lambda: made() >= enough, what=f"{number} polls\n{daemon.logs[-2000:]}")


@pytest.mark.parametrize("profile", some("azure-managed", "elasticache-serverless"))
def test_nothing_is_asked_in_vain_and_nothing_alarms(
    profile: Profile, start_double: Callable[..., tuple[Double, dict[str, Any]]], start_daemon: Callable[..., Daemon]
) -> None:
    double, target = start_double(profile)
    # Where idle connections are closed, every poll meets a closed one.
    interval = "800ms" if profile.idle else "200ms"
    probe = {"interval": "100ms", "write_every": "200ms"}
    daemon = start_daemon({"interval": interval, "targets": [{**target, "probe": probe}]})
    daemon.until("redis_up", 1, target="it")
    for op in ("read", "write"):
        daemon.until("kvmon_breaker_state", 1, target="it", op=op, state="closed")
    polls(daemon, 2)
    double.errors.clear()
    failures = {str(sample) for sample in daemon.samples("kvmon_collector_failures_total")}
    polls(daemon, 5)
    assert double.errors == {}
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


@pytest.mark.parametrize("profile", some("azure-managed"))
def test_the_doctor_calls_nothing_broken_that_a_provider_does_not_offer(
    profile: Profile, start_double: Callable[..., tuple[Double, dict[str, Any]]], terminal: Terminal
) -> None:
    _, target = start_double(profile)
    terminal.write(json.dumps({"targets": [target]}))
    outcome = terminal("doctor", "it", "--config", "kvmon.yaml")
    assert outcome.code == 0, outcome.out
    text = " ".join(outcome.out.split())
    assert "✓ permissions" in text
    assert "not available on " in text
