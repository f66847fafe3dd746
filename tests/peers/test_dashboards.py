"""Every expression of the dashboards gives data in a real Prometheus: servers in good health, and one that is gone."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

from dashboards.source import ALL
from tests.daemon.test_breakers import send
from tests.judge.promql.prometheus import ask, prometheus
from tests.servers.client import Refused
from tests.servers.cluster import form
from tests.servers.daemon import Daemon
from tests.servers.kinds import WITH_TLS, available, missing
from tests.servers.ports import free_port
from tests.servers.server import Server
from tests.servers.tls import Certificates
from tests.servers.waiting import until

ROOT = Path(__file__).parents[2]

SLOW = {
    "kvmon_memory_exhaustion_seconds",  # there once memory has grown for ten minutes
    'window="5m"',  # there only after five minutes
}
"""What takes longer to be there than a test may."""


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_every_panel_has_data(
    start_server: Callable[..., Server], start_daemon: Callable[..., Daemon], certificates: Certificates, tmp_path: Path
) -> None:
    primary = start_server(settings={"maxmemory": "100mb", "slowlog-log-slower-than": "0"})
    replica = start_server(replica_of=primary)
    until(lambda: replica.info("replication").get("master_link_status") == "up", what="a replica in step")
    nodes = [start_server(cluster=True) for _ in range(4)]
    form(nodes[:3], nodes[3:])
    kind = next((kind for kind in available() if kind in WITH_TLS), None)
    if kind is None:
        missing("a server with TLS in KVMON_TEST_SERVERS")
    assert kind is not None
    vault = start_server(kind, tls=certificates)
    gone = start_server()
    gone.kill()
    nowhere = f"http://127.0.0.1:{free_port()}"
    daemon = start_daemon(
        {
            "interval": "1s",
            "state_dir": str(tmp_path / "state"),
            "targets": [
                {"name": "pair", "url": primary.url},
                {"name": "cluster", "url": nodes[0].url},
                {"name": "vault", "url": vault.url, "tls": {"ca": certificates["ca.pem"]}},
                {"name": "gone", "url": gone.url},
            ],
            "collectors": {"clients": {"every": "1s"}, "latency": {"every": "1s"}, "slowlog": {"every": "1s"}},
            "rules": {"files": [str(ROOT / "alerts" / "*.yaml")], "evaluation_interval": "2s"},
            "alerting": {
                "alertmanagers": [nowhere],
                "route": {"receiver": "nobody", "group_wait": "1s"},
                "receivers": [{"name": "nobody", "webhook_configs": [{"url": f"{nowhere}/hook"}]}],
            },
            "datadog": {"dogstatsd": f"udp://127.0.0.1:{free_port()}", "interval": "1s"},
        }
    )
    batches = itertools.count()
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
            if not any(name in query.expression for name in SLOW)
        }
        assert len(waiting) > 60

        def all_of_them_answer() -> bool:
            for number in range(20):
                client.command("SET", f"key{number}", "value", "EX", "100")
                client.command("GET", f"key{number}")
            with contextlib.suppress(Refused):
                client.command("NOSUCH")
            outcomes = [{"target": "pair", "op": "read", "class": "ok", "count": 1}]
            report = {"reporter": "app", "batch": str(next(batches)), "window_ms": 0, "outcomes": outcomes}
            send(daemon, "POST", "/v1/reports", report)
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
