"""Clients that take all they can get: polls go on, and others are answered."""

from __future__ import annotations

import contextlib
import resource
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from kvmon.daemon.descriptors import raise_limit
from tests.servers.daemon import Daemon
from tests.servers.server import Server
from tests.servers.waiting import until

SLOW = 300
IDLE = min(10_000, resource.getrlimit(resource.RLIMIT_NOFILE)[1] - 3 * SLOW)
"""As many as this machine lets one process have."""


@pytest.fixture
def room() -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    raise_limit()
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def connected(daemon: Daemon, stack: ExitStack, said: bytes = b"") -> socket.socket:
    connection = stack.enter_context(socket.create_connection(("127.0.0.1", daemon.port), timeout=60))
    connection.sendall(said)
    return connection


def polls_go_on(daemon: Daemon) -> None:
    def polls() -> float:
        return daemon.value("redis_exporter_scrapes_total", target="it") or 0.0

    before = polls()
    until(lambda: polls() >= before + 5, what="five more polls")
    assert daemon.value("redis_up", target="it") == 1.0
    lateness = daemon.value("kvmon_poll_lateness_seconds", target="it")
    assert lateness is not None
    assert lateness < 10.0
    assert daemon.get("/livez").status == 200


@pytest.mark.slow
@pytest.mark.usefixtures("room")
def test_polls_go_on_beside_thousands_of_idle_and_slow_connections(
    start_server: Callable[..., Server], start_daemon: Callable[..., Daemon]
) -> None:
    daemon = start_daemon({"interval": "500ms", "targets": [{"name": "it", "url": start_server().url}]})
    daemon.until("redis_up", 1.0, target="it")
    with ExitStack() as stack:
        for _ in range(IDLE):
            connected(daemon, stack)
        halves = [connected(daemon, stack, b"GET /metrics HTTP/1.1\r\nHost: x\r\nX-A: ") for _ in range(SLOW)]
        for _ in range(SLOW):
            connected(daemon, stack, b"POST /v1/reports HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n{")
        for half in halves:
            with contextlib.suppress(OSError):
                half.sendall(b"a")
        polls_go_on(daemon)
    polls_go_on(daemon)
    assert "request_failed" not in daemon.logs


@pytest.mark.slow
def test_headers_and_bodies_of_any_size_are_refused(
    start_server: Callable[..., Server], start_daemon: Callable[..., Daemon]
) -> None:
    daemon = start_daemon({"interval": "500ms", "targets": [{"name": "it", "url": start_server().url}]})
    daemon.until("redis_up", 1.0, target="it")
    huge = b"x" * (1 << 20)
    with ExitStack() as stack:
        for said in (
            b"GET /" + huge + b" HTTP/1.1\r\n\r\n",
            b"GET /metrics HTTP/1.1\r\nHost: x\r\nX-A: " + huge + b"\r\n\r\n",
            b"GET /metrics HTTP/1.1\r\nHost: x\r\n" + b"".join(b"X-%d: y\r\n" % n for n in range(100_000)) + b"\r\n",
            b"POST /v1/reports HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 99999999999\r\n\r\n" + huge * 4,
            b"POST /api/v1/query HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n" + (b"100000\r\n" + huge + b"\r\n") * 4,
            b"\x16\x03\x01" + huge,
        ):
            with contextlib.suppress(OSError):  # it may hang up on us before we are done
                answer = connected(daemon, stack, said).recv(4096)
                assert not answer or answer.split()[1] in (b"400", b"413", b"414", b"431"), answer[:200]
        polls_go_on(daemon)
    assert "request_failed" not in daemon.logs
