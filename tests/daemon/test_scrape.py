"""/scrape goes nowhere that the configuration does not name, and takes no credentials along."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import quote

import pytest

from kvmon.clock import SystemClock
from kvmon.model.targets.address import Address
from kvmon.model.targets.target import Credentials, Target
from kvmon.watch.collectors import Collectors
from kvmon.watch.poller import NodePoller
from tests.servers.daemon import Daemon
from tests.servers.server import Server


@contextmanager
def listening(host: str, port: int = 0) -> Iterator[socket.socket]:
    """Somebody who waits for a connection."""
    with socket.create_server((host, port)) as found:
        found.setblocking(False)
        yield found


def nobody_came(listener: socket.socket) -> bool:
    try:
        listener.accept()[0].close()
    except BlockingIOError:
        return True
    return False


def test_only_what_is_allowed_is_asked(start_server: Callable[..., Server], start_daemon: Callable[..., Daemon]) -> None:
    server = start_server(password="hunter2")
    with listening("127.0.0.2", server.port) as host, listening("127.0.0.1") as port:
        other = port.getsockname()[1]
        target = {"name": "it", "url": server.url, "password": "hunter2", "probe": False}
        daemon = start_daemon({"targets": [target], "scrape_allow": [r"10\.0\.0\.9:6379", r".*:1"]})
        daemon.until("redis_up", 1, target="it")

        def asked(target: str) -> tuple[int, str]:
            answer = daemon.get(f"/scrape?target={quote(target, safe='')}")
            return answer.status, answer.text

        assert asked("it")[0] == asked(server.address)[0] == 200
        for asked_for, status in {
            "file:///etc/passwd": 400, "gopher://127.0.0.1:1": 400, "redis+sentinel://127.0.0.1:1/x": 400,
            "unix:///run/redis.sock": 403,
            f"redis://127.0.0.2:{server.port}": 403, f"redis://127.0.0.1:{other}": 403, f"redis://localhost:{other}": 403,
            f"redis://{server.address}@127.0.0.1:{other}": 403, f"redis://127.0.0.1:{other}/?{server.address}": 403,
            f"redis://10.0.0.9:6379@127.0.0.1:{other}": 403, "redis://169.254.169.254:1": 403, "redis://[fd00:ec2::254]:1": 403,
            "redis://0xa9fea9fe:1": 403, "redis://[::ffff:169.254.169.254]:1": 403,
        }.items():  # fmt: skip
            said = asked(asked_for)
            assert said[0] == status, (asked_for, said)
            assert "hunter2" not in said[1]
        assert nobody_came(host)
        assert nobody_came(port)
        assert "hunter2" not in daemon.logs


async def test_a_name_that_leads_elsewhere_the_second_time_is_not_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    with listening("127.0.0.3") as listener:
        port = listener.getsockname()[1]
        leads = iter(["192.0.2.1", "127.0.0.3", "169.254.169.254", "::ffff:127.0.0.3", "0.0.0.0"])  # noqa: S104 - nobody binds it
        told: list[str] = []

        def getaddrinfo(*_: object, **__: object) -> list[object]:
            told.append(next(leads))
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (told[-1], port))]

        tried: list[str] = []

        async def connect(self: object, *_: object, **__: object) -> None:
            tried.append(self.host)  # type: ignore[attr-defined]
            raise OSError("no route")

        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
        address = Address("cache.example", port)
        target = Target("scrape", (address,), Credentials(None, "hunter2"), bare=True, guarded=True, timeout=20.0)
        poller = NodePoller(target.nodes[0], Collectors(), clock=SystemClock())
        try:
            with monkeypatch.context() as first:
                first.setattr("kvmon.watch.wire.sockets.TcpSocket._connect", connect)
                await poller.poll(0.0)
            assert tried == ["192.0.2.1"], "it is connected to what was looked up, and not looked up again"
            for _ in range(4):
                snapshot = await poller.poll(0.0)
                assert snapshot.failure is not None
                assert "leads to this machine, or to what is no server" in snapshot.failure.message
        finally:
            await poller.close()
        assert len(told) == 5
        await asyncio.sleep(0)
        assert nobody_came(listener)
