"""Servers from images, as many run theirs."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import pytest

from tests.servers.client import Client, Refused
from tests.servers.daemon import Daemon
from tests.servers.kinds import IMAGES
from tests.servers.waiting import until


@pytest.mark.containers
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("kind", IMAGES)
def test_a_server_in_a_container_is_watched(kind: str, start_daemon: Callable[..., Daemon]) -> None:
    from testcontainers.core.container import DockerContainer

    with DockerContainer(IMAGES[kind]).with_exposed_ports(6379) as container:
        host, port = container.get_container_host_ip(), int(container.get_exposed_port(6379))

        def answers() -> bool:
            with contextlib.suppress(OSError, Refused), Client(host, port) as client:
                return bool(client.command("PING") == "PONG")
            return False

        until(answers, what=f"{kind} answers")
        targets = [{"name": "contained", "url": f"redis://{host}:{port}"}]
        daemon = start_daemon({"interval": "1s", "targets": targets})
        daemon.until("redis_up", 1, target="contained")
        assert daemon.value("redis_connected_clients", target="contained")
