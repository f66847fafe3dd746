"""Every expression of the dashboards gives data in a real Prometheus that scrapes kvmon."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

import pytest

from dashboards.source import ALL
from tests.judge.promql.prometheus import ask, prometheus
from tests.servers.client import Refused
from tests.servers.cluster import form
from tests.servers.daemon import Daemon
from tests.servers.server import Server
from tests.servers.waiting import until

ROOT = Path(__file__).parents[2]

QUIET = {
    "kvmon_memory_exhaustion_seconds",  # memory does not fill up here
    "kvmon_tls_certificate_expiry_timestamp_seconds",  # no server here speaks TLS
    "kvmon_cluster_disagreeing_nodes",
    "kvmon_collector_failures_total",  # nothing fails
    'window="5m"',  # there only after five minutes
    "kvmon_notifications_total",  # nobody is notified
    "kvmon_alertmanager_errors_total",
    "kvmon_alertmanager_dropped_total",
    "kvmon_datadog_points_total",
    "kvmon_breaker_reports_total",  # no application reports
}
"""Metrics that servers in good health do not show, or only with something configured that is not here."""


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_every_panel_has_data(start_server: Callable[..., Server], start_daemon: Callable[..., Daemon], tmp_path: Path) -> None:
    primary = start_server(settings={"maxmemory": "100mb", "slowlog-log-slower-than": "0"})
    replica = start_server(replica_of=primary)
    until(lambda: replica.info("replication").get("master_link_status") == "up", what="a replica in step")
    nodes = [start_server(cluster=True) for _ in range(4)]
    form(nodes[:3], nodes[3:])
    daemon = start_daemon(
        {
            "interval": "1s",
            "state_dir": str(tmp_path / "state"),
            "targets": [{"name": "pair", "url": primary.url}, {"name": "cluster", "url": nodes[0].url}],
            "collectors": {"clients": {"every": "1s"}, "latency": {"every": "1s"}, "slowlog": {"every": "1s"}},
            "rules": {"files": [str(ROOT / "alerts" / "*.yaml")], "evaluation_interval": "2s"},
        }
    )
    scrape = {
        "job_name": "kvmon", "honor_labels": True, "scrape_interval": "1s", "scrape_timeout": "1s",
        "static_configs": [{"targets": [f"127.0.0.1:{daemon.port}"]}],
    }  # fmt: skip
    with prometheus(tmp_path, scrape=[scrape]) as url, primary.client() as client:
        waiting = {
            query.expression.replace("$__rate_interval", "15s").replace("$target", ".*").replace("$instance", ".*")
            for dashboard in ALL
            for row in dashboard.rows
            for panel in row.panels
            for query in panel.queries
            if not any(name in query.expression for name in QUIET)
        }
        assert len(waiting) > 60

        def all_of_them_answer() -> bool:
            for number in range(20):
                client.command("SET", f"key{number}", "value", "EX", "100")
                client.command("GET", f"key{number}")
            with contextlib.suppress(Refused):
                client.command("NOSUCH")
            for expression in list(waiting):
                answer = ask(url, "query", query=expression)
                assert answer["status"] == "success", (expression, answer)
                if answer["data"]["result"]:
                    waiting.discard(expression)
            return not waiting

        try:
            until(all_of_them_answer, within=120, what="data in every panel")
        except AssertionError as error:
            raise AssertionError(f"without data: {sorted(waiting)}") from error
