"""Servers die, hang, come back and change their passwords; the daemon says so and recovers without help."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from tests.servers.daemon import Daemon
from tests.servers.server import Server


def watch(server: Server, **more: str) -> dict[str, object]:
    """One target, asked every second with a short deadline."""
    target = {"name": "it", "url": server.url, "probe": "off", **more}
    return {"interval": "1s", "targets": [target]}


def said(daemon: Daemon) -> list[str]:
    """What the log tells of targets, line by line."""
    events = (json.loads(line)["event"] for line in daemon.logs.splitlines() if line.startswith("{"))
    return [event for event in events if event.startswith("target is")]


ONCE = ["target is down", "target is up again"]


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
    assert said(daemon) == ONCE


def test_a_stopped_process_is_down_and_up_again_when_it_goes_on(valkey: Server, start_daemon: Callable[..., Daemon]) -> None:
    daemon = start_daemon(watch(valkey))
    daemon.until("redis_up", 1, target="it")
    valkey.pause()
    daemon.until("redis_up", 0, target="it")
    assert daemon.samples("redis_uptime_in_seconds", target="it") == []
    valkey.resume()
    daemon.until("redis_up", 1, target="it")
    assert said(daemon) == ONCE


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
    assert said(daemon) == ONCE
    assert "first/+=#@" not in daemon.logs
    assert "second/+=#@" not in daemon.logs
