"""Prometheus' own client reads kvmon as it reads Prometheus."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from tests.servers.daemon import Daemon
from tests.servers.kinds import tool
from tests.servers.server import Server
from tests.servers.waiting import until


def promtool(*arguments: str) -> Any:
    result = subprocess.run([tool("PROMTOOL"), *arguments], capture_output=True, check=False, timeout=60)
    assert result.returncode == 0, result.stderr.decode()
    return json.loads(result.stdout)


@pytest.fixture(scope="module")
def valkey() -> Iterator[Server]:
    with Server("valkey-wheel") as started:
        yield started


@pytest.fixture(scope="module")
def daemon(valkey: Server) -> Iterator[Daemon]:
    window = {"start": "now"}
    with Daemon({"interval": "1s", "window": window, "targets": [{"name": "it", "url": valkey.url}]}) as started:
        started.until("redis_up", 1, target="it")
        yield started


def test_promtool_queries_a_moment(daemon: Daemon, valkey: Server) -> None:
    (found,) = promtool("query", "instant", "-o", "json", daemon.url, "redis_up == 1")
    assert found["metric"] == {"__name__": "redis_up", "target": "it", "instance": valkey.address, "job": "kvmon"}
    assert found["value"][1] == "1"


def test_promtool_queries_over_time(daemon: Daemon) -> None:
    def rates() -> Any:
        return promtool("query", "range", "-o", "json", "--step=1s", daemon.url, "rate(redis_commands_processed_total[1m])")

    (found,) = until(rates, what="two polls")
    assert found["metric"]["target"] == "it"
    assert all(float(value) > 0 for _, value in found["values"])


def test_promtool_lists_series_and_values(daemon: Daemon) -> None:
    series = promtool("query", "series", "-o", "json", "--match=redis_up", "--match=up", daemon.url)
    assert sorted(each["__name__"] for each in series) == ["redis_up", "up"]
    assert promtool("query", "labels", "-o", "json", daemon.url, "target") == ["it"]


def test_the_daemons_own_series_are_there(daemon: Daemon) -> None:
    (up,) = promtool("query", "instant", "-o", "json", daemon.url, "up")
    assert up["metric"] == {"__name__": "up", "job": "kvmon", "instance": f"127.0.0.1:{daemon.port}"}
    (start,) = promtool("query", "instant", "-o", "json", daemon.url, "process_start_time_seconds")
    assert float(start["value"][1]) > 1.7e9


def test_a_wrong_query_is_told(daemon: Daemon) -> None:
    command = [tool("PROMTOOL"), "query", "instant", daemon.url, "sum("]
    result = subprocess.run(command, capture_output=True, check=False, timeout=60)
    assert result.returncode != 0
    assert b"unclosed left parenthesis" in result.stderr


def test_a_server_that_stops_answering_leaves_only_its_absence(daemon: Daemon, valkey: Server) -> None:
    valkey.stop()
    daemon.until("redis_up", 0, target="it")
    (down,) = promtool("query", "instant", "-o", "json", daemon.url, "redis_up")
    assert down["value"][1] == "0"
    assert promtool("query", "instant", "-o", "json", daemon.url, "redis_connected_clients") == []
