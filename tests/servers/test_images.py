"""Servers from images, as many run theirs."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.peers.test_redis_exporter import compare
from tests.servers.daemon import Daemon
from tests.servers.kinds import IMAGES
from tests.servers.server import Server

pytestmark = [
    pytest.mark.containers,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.parametrize("kind", IMAGES),
]


def test_every_series_of_redis_exporter_is_there_for_a_server_in_a_container(
    kind: str, start_server: Callable[..., Server], start_daemon: Callable[..., Daemon]
) -> None:
    assert compare(start_server(kind), start_daemon) > 120


def test_a_server_in_a_container_is_watched_through_its_outages(
    kind: str, start_server: Callable[..., Server], start_daemon: Callable[..., Daemon]
) -> None:
    server = start_server(kind, password="a/b+c=#@", settings={"maxmemory": "100mb"})
    targets = [{"name": "contained", "url": f"redis://:a/b+c=#@@{server.address}"}]
    daemon = start_daemon({"interval": "1s", "targets": targets})
    daemon.until("redis_up", 1, target="contained")
    assert daemon.value("redis_memory_max_bytes", target="contained") == 100 << 20
    daemon.until("kvmon_probe_success", 1, target="contained", op="write")
    for begin, end in ((server.pause, server.resume), (server.kill, server.restart)):
        begin()
        daemon.until("redis_up", 0, target="contained")
        daemon.until("kvmon_breaker_state", 1, target="contained", op="write", state="open")
        end()
        daemon.until("redis_up", 1, target="contained")
        daemon.until("kvmon_breaker_state", 1, target="contained", op="write", state="closed")
