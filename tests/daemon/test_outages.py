"""Servers die, hang, come back and change their passwords; the daemon says so and recovers without help."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.servers.daemon import Daemon
from tests.servers.server import Server


def watch(server: Server, **more: str) -> dict[str, object]:
    """One target, asked every second with a short deadline."""
    target = {"name": "it", "url": server.url, "probe": "off", **more}
    return {"interval": "1s", "targets": [target]}


def test_a_killed_server_is_down_at_once_and_up_again_after_its_restart(
    server: Server, start_daemon: Callable[..., Daemon]
) -> None:
    daemon = start_daemon(watch(server))
    daemon.until("redis_up", 1, target="it")
    daemon.until("kvmon_up", 1, target="it")
    assert daemon.value("redis_uptime_in_seconds", target="it") is not None
    server.kill()
    daemon.until("redis_up", 0, target="it")
    assert daemon.samples("redis_uptime_in_seconds", target="it") == [], "a dead server has no last values"
    server.restart()
    daemon.until("redis_up", 1, target="it")
    daemon.until("kvmon_up", 1, target="it")
    assert daemon.value("redis_uptime_in_seconds", target="it") is not None


def test_a_stopped_process_is_down_and_up_again_when_it_goes_on(valkey: Server, start_daemon: Callable[..., Daemon]) -> None:
    daemon = start_daemon(watch(valkey))
    daemon.until("redis_up", 1, target="it")
    valkey.pause()
    daemon.until("redis_up", 0, target="it")
    assert daemon.samples("redis_uptime_in_seconds", target="it") == []
    valkey.resume()
    daemon.until("redis_up", 1, target="it")


def test_a_new_password_in_the_password_file_is_enough(
    start_server: Callable[..., Server], start_daemon: Callable[..., Daemon], tmp_path: Path
) -> None:
    server = start_server(password="first/+=#@")
    secret = tmp_path / "password"
    secret.write_text(server.password)
    daemon = start_daemon(watch(server, password_file=str(secret)))
    daemon.until("redis_up", 1, target="it")
    server.change_password("second/+=#@")
    daemon.until("redis_up", 0, target="it")
    secret.write_text(server.password)
    daemon.until("redis_up", 1, target="it")
    assert "first/+=#@" not in daemon.logs
    assert "second/+=#@" not in daemon.logs


def test_an_outage_is_said_once_when_it_begins_and_once_when_it_ends(valkey: Server, start_daemon: Callable[..., Daemon]) -> None:
    daemon = start_daemon(watch(valkey))
    daemon.until("redis_up", 1, target="it")
    before = len(daemon.logs.splitlines())
    valkey.kill()
    daemon.until("redis_up", 0, target="it")
    valkey.restart()
    daemon.until("redis_up", 1, target="it")
    said = daemon.logs.splitlines()[before:]
    assert 1 <= len(said) <= 4, said
