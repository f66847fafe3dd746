"""Search indexes of a target, and what fails in them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.servers.daemon import Daemon
from tests.servers.searching import Searching
from tests.servers.server import Server
from tests.servers.waiting import until

ALERTS = Path(__file__).parents[2] / "alerts"


def test_indexes_are_shown_and_failures_alert(valkey: Server, start_daemon: Callable[..., Daemon]) -> None:
    with Searching(valkey) as double:
        daemon = start_daemon({
            "interval": "1s", "collectors": {"search": {"enabled": True, "every": "1s"}},
            "rules": {"files": [str(ALERTS / "search.yaml")], "evaluation_interval": "1s"},
            "targets": [{"name": "shop", "url": f"redis://127.0.0.1:{double.server_address[1]}", "probe": "off"}],
        })  # fmt: skip
        daemon.until("kvmon_search_index_documents", 1200, index="products")
        assert daemon.value("redis_search_index_num_docs", index_name="products") == 1200
        double.failures = 9
        until(lambda: "RedisSearchIndexFailing" in daemon.get("/api/v1/alerts").text, what="the alert")
