"""A fleet that several processes share, in one Prometheus and one Alertmanager: as docs/scale.md says it."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.judge.promql.prometheus import ask, prometheus
from tests.peers.alertmanager import alertmanager
from tests.servers.daemon import Daemon
from tests.servers.server import Server
from tests.servers.waiting import until

RULES = "groups: [{name: fleet, interval: 1s, rules: [{alert: Down, expr: redis_up == 0}]}]"
ALL = [f"t{number}" for number in range(8)]


def told(url: str) -> set[str]:
    with urllib.request.urlopen(f"{url}/api/v2/alerts", timeout=30) as answer:
        found: list[dict[str, Any]] = json.load(answer)
    return {alert["labels"]["target"] for alert in found}


@pytest.mark.slow
def test_processes_that_share_a_fleet_are_one_fleet_to_prometheus_and_alertmanager(
    start_server: Callable[..., Server], start_daemon: Callable[..., Daemon], tmp_path: Path
) -> None:
    server = start_server("valkey-wheel")
    (tmp_path / "rules.yaml").write_text(RULES)
    with alertmanager("{route: {receiver: nobody}, receivers: [{name: nobody}]}", tmp_path / "am") as alerts:
        parts = [
            start_daemon({
                "interval": "1s", "shard": f"{number}/3", "rules": {"files": [str(tmp_path / "rules.yaml")]},
                "alerting": {"alertmanagers": [alerts]}, "targets": [{"name": name, "url": server.url} for name in ALL],
            })
            for number in (1, 2, 3)
        ]  # fmt: skip
        job = {
            "job_name": "kvmon", "honor_labels": True, "scrape_interval": "1s",
            "static_configs": [{"targets": [f"127.0.0.1:{part.port}" for part in parts]}],
        }  # fmt: skip
        with prometheus(tmp_path, scrape=[job]) as url:

            def query(expression: str) -> list[dict[str, Any]]:
                return list(ask(url, "query", query=expression)["data"]["result"])

            def up(value: int) -> list[str]:
                return sorted(row["metric"]["target"] for row in query(f"redis_up == {value}"))

            until(lambda: up(1) == ALL, what="each target once")
            assert query("count(kvmon_shard_info)")[0]["value"][1] == "3"
            server.kill()
            until(lambda: up(0) == ALL, what="all down in Prometheus")
            until(lambda: told(alerts) == set(ALL), what="all told to Alertmanager, by the part that watches each")
