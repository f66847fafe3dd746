"""The recent history of a running daemon."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.servers.daemon import Daemon
from tests.servers.server import Server
from tests.servers.waiting import until


def test_own_series_have_the_instance_of_the_prometheus_that_scrapes_them(
    valkey: Server, start_daemon: Callable[..., Daemon]
) -> None:
    window = {"instance": "kvmon-0.kvmon:9121", "delayed_name_removal": True}
    daemon = start_daemon({"window": window, "targets": [{"name": "it", "url": valkey.url, "probe": "off"}]})
    daemon.until("redis_up", 1, target="it")
    assert value(daemon, 'up{instance="kvmon-0.kvmon:9121"}') == 1
    assert value(daemon, 'count({instance="kvmon-0.kvmon:9121",__name__=~"process_.*"})')
    named = 'label_replace(-redis_up,"was","$1","__name__","(.*)")'
    (found,) = daemon.get(f"/api/v1/query?query={named}").json()["data"]["result"]
    assert (found["metric"]["was"], "__name__" in found["metric"]) == ("redis_up", False)


def value(daemon: Daemon, query: str) -> float | None:
    result = daemon.get(f"/api/v1/query?query={query}").json()["data"]["result"]
    return float(result[0]["value"][1]) if result else None


def test_history_survives_a_restart(valkey: Server, start_daemon: Callable[..., Daemon], tmp_path: Path) -> None:
    configuration = {"interval": "1s", "state_dir": str(tmp_path), "targets": [{"name": "it", "url": valkey.url}]}
    first = start_daemon(configuration)
    until(lambda: (value(first, "count_over_time(redis_up[1h])") or 0) >= 3, what="three polls")
    before = value(first, "count_over_time(redis_up[1h])")
    first.stop()
    assert (tmp_path / "window").stat().st_size > 1000
    second = start_daemon(configuration)
    second.until("redis_up", 1, target="it")
    until(
        lambda: (value(second, "count_over_time(redis_up[1h])") or 0) > (before or 0), what="more polls than before the restart"
    )
    assert value(second, "count(redis_up)") == 1


def test_a_damaged_file_costs_the_memory_and_nothing_else(
    valkey: Server, start_daemon: Callable[..., Daemon], tmp_path: Path
) -> None:
    (tmp_path / "window").write_bytes(b"nonsense")
    daemon = start_daemon({"interval": "1s", "state_dir": str(tmp_path), "targets": [{"name": "it", "url": valkey.url}]})
    daemon.until("redis_up", 1, target="it")
    assert value(daemon, "redis_up") == 1
    assert "it begins anew" in daemon.logs
