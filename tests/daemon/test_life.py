"""Starting, reloading and ending the daemon."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.servers.daemon import Daemon
from tests.servers.hostile import listening, silence
from tests.servers.server import Server
from tests.servers.waiting import until


def test_sigterm_ends_it_soon_and_well_even_while_a_server_hangs(valkey: Server, start_daemon: Callable[..., Daemon]) -> None:
    with listening(silence) as port:
        targets = [{"name": "good", "url": valkey.url}, {"name": "hung", "url": f"redis://127.0.0.1:{port}"}]
        daemon = start_daemon({"interval": "1s", "targets": targets})
        daemon.until("redis_up", 1, target="good")
        code, took = daemon.terminate()
    assert code == 0, daemon.logs
    assert took < 10, "2 s are promised; a slow machine gets more"
    assert "Traceback" not in daemon.logs


def test_with_uvloop_it_watches_probes_judges_and_ends_too(
    start_server: Callable[..., Server], start_daemon: Callable[..., Daemon]
) -> None:
    valkey = start_server("valkey-wheel")
    daemon = start_daemon({
        "event_loop": "uvloop", "interval": "1s", "window": {"start": "now"}, "targets": [{"name": "it", "url": valkey.url}]
    })  # fmt: skip
    assert "uvloop/loop" in Path(f"/proc/{daemon.process.pid}/maps").read_text()
    daemon.until("redis_up", 1)
    daemon.until("kvmon_breaker_state", 1, op="write", state="closed")
    until(lambda: daemon.get("/api/v1/query?query=redis_up").json()["data"]["result"], what="recent history")
    valkey.kill()
    daemon.until("redis_up", 0)
    daemon.until("kvmon_breaker_state", 1, op="read", state="open")
    valkey.restart()
    daemon.until("kvmon_breaker_state", 1, op="read", state="closed")
    code, took = daemon.terminate()
    assert (code, "Traceback" in daemon.logs) == (0, False), daemon.logs
    assert took < 10, "2 s are promised; a slow machine gets more"


def test_sigint_ends_it_too(valkey: Server, start_daemon: Callable[..., Daemon]) -> None:
    daemon = start_daemon({"interval": "1s", "targets": [{"name": "it", "url": valkey.url}]})
    daemon.process.send_signal(signal.SIGINT)
    assert daemon.process.wait(60) in {0, 130}
    assert "Traceback" not in daemon.logs


def test_sighup_takes_the_new_file_and_keeps_connections_of_unchanged_targets(
    start_server: Callable[..., Server], start_daemon: Callable[..., Daemon]
) -> None:
    kept, gone, new = start_server(), start_server("valkey-wheel"), start_server("valkey-wheel")

    def configuration(*names_and_servers: tuple[str, Server]) -> dict[str, object]:
        # No deadline that a slow machine misses: a connection that misses one is dropped.
        targets = [{"name": name, "url": server.url, "probe": {"timeout": "20s"}} for name, server in names_and_servers]
        return {"interval": "2s", "targets": targets}

    daemon = start_daemon(configuration(("kept", kept), ("gone", gone)))
    daemon.until("redis_up", 1, target="kept")
    daemon.until("redis_up", 1, target="gone")
    daemon.until("kvmon_probe_success", 1, target="kept", op="read")

    def connections() -> set[str]:
        clients = kept.command("CLIENT", "LIST").splitlines()
        return {line.split()[0] for line in clients if "name=kvmon" in line}

    until(lambda: len(connections()) == 2, what="the connections of polls and of probes, and none that is tried and left")
    before = connections()
    daemon.write(configuration(("kept", kept), ("new", new)))
    daemon.reload()
    daemon.until("redis_up", 1, target="new")
    daemon.until("redis_up", None, target="gone")
    assert connections() >= before
    daemon.until("redis_up", 1, target="kept")


@pytest.mark.slow
def test_polled_on_scrape_metrics_are_of_now(valkey: Server, start_daemon: Callable[..., Daemon]) -> None:
    targets = [{"name": "it", "url": valkey.url, "probe": "off"}]
    daemon = start_daemon({"interval": "20s", "timeout": "15s", "poll": "on_scrape", "targets": targets})
    assert daemon.value("redis_db_keys", db="db0") == 0
    after = time.monotonic() + 10.5
    until(lambda: time.monotonic() > after, what="half of an interval")
    valkey.command("SET", "key", "value")
    assert daemon.value("redis_db_keys", db="db0") == 1, "nobody else polls it within the next 9 seconds"


def test_a_bad_file_keeps_what_was_and_says_why(valkey: Server, start_daemon: Callable[..., Daemon]) -> None:
    daemon = start_daemon({"interval": "1s", "targets": [{"name": "it", "url": valkey.url}]})
    daemon.until("redis_up", 1, target="it")
    daemon.write({"intervall": "1s"})
    daemon.reload()
    until(lambda: "intervall" in daemon.logs, what="the reason in the log")
    assert daemon.process.poll() is None
    daemon.until("redis_up", 1, target="it")


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/startupz", "/", "/metrics"])
def test_it_answers_while_no_server_does(path: str, start_daemon: Callable[..., Daemon]) -> None:
    with listening(silence) as port:
        daemon = start_daemon({"interval": "1s", "targets": [{"name": "hung", "url": f"redis://127.0.0.1:{port}"}]})
        assert daemon.get(path).status == 200


def test_the_demo_shows_a_living_server(start_daemon: Callable[..., Daemon]) -> None:
    daemon = start_daemon(command=("demo",), ready=True)

    def series() -> int:
        lines = daemon.get("/metrics").text.splitlines()
        return sum(line.startswith("redis_") for line in lines)

    until(lambda: series() > 250, what="more than 250 redis_* series")
    assert daemon.terminate()[0] == 0
