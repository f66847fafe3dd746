"""The shipped alerts over a healthy server: every rule can be evaluated, and none makes noise."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.servers.daemon import Daemon
from tests.servers.server import Server
from tests.servers.waiting import until

ALERTS = Path(__file__).parents[2] / "alerts"


@pytest.mark.slow
def test_every_rule_is_evaluated_and_nothing_fires_while_all_is_well(
    start_server: Callable[..., Server], start_daemon: Callable[..., Daemon]
) -> None:
    primary, replica = start_server(), start_server()
    replica.command("REPLICAOF", "127.0.0.1", str(primary.port))
    until(lambda: "master_link_status:up" in replica.command("INFO", "replication"), what="the replica in step")
    daemon = start_daemon({
        "interval": "1s",
        "rules": {"files": [str(ALERTS / "*.yaml")], "evaluation_interval": "1s"},
        "targets": [{"name": "shop", "url": primary.url}],
    })  # fmt: skip

    def rules() -> list[dict[str, Any]]:
        found = json.loads(daemon.get("/api/v1/rules").text)["data"]["groups"]
        return [rule for group in found for rule in group["rules"]]

    def turns() -> float:
        return min((sample.value for sample in daemon.samples("kvmon_rule_evaluations_total")), default=0)

    until(lambda: turns() > 60, what=f"evaluations\n{daemon.logs[-2000:]}")
    assert {(rule["name"], rule.get("lastError")) for rule in rules() if rule["health"] != "ok"} == set()
    active = json.loads(daemon.get("/api/v1/alerts").text)["data"]["alerts"]
    assert [alert["labels"]["alertname"] for alert in active if alert["state"] == "firing"] == ["Watchdog"]
