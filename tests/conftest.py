"""Fixtures that every test may ask for: real servers and the real daemon."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.servers.contained import Contained
from tests.servers.daemon import Daemon
from tests.servers.kinds import IMAGES, available
from tests.servers.server import Server
from tests.servers.tls import Certificates

# Whoever starts tests in the background may ignore SIGINT, and so would every command that a test starts and interrupts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# The same examples every time, however slow the machine: a failure here is one that everybody can repeat.
# `pytest --hypothesis-profile=explore` looks for new ones.
settings.register_profile("steady", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("explore", deadline=None)
settings.load_profile("steady")


@pytest.fixture
def start_server() -> Iterator[Callable[..., Server]]:
    """Starts servers from wheels, the folder or images, with the arguments of Server; all are stopped when the test ends."""
    with ExitStack() as stack:

        def start(kind: str = "valkey-wheel", **options: Any) -> Server:
            return stack.enter_context((Contained if kind in IMAGES else Server)(kind, **options))

        yield start


@pytest.fixture
def start_daemon() -> Iterator[Callable[..., Daemon]]:
    """Starts daemons with the arguments of Daemon; all are stopped when the test ends."""
    with ExitStack() as stack:

        def start(configuration: Any = None, **options: Any) -> Daemon:
            return stack.enter_context(Daemon(configuration, **options))

        yield start


@pytest.fixture(params=available())
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """One server of each kind this machine has."""
    with Server(request.param) as started:
        yield started


@pytest.fixture
def valkey() -> Iterator[Server]:
    """A Valkey from the wheel: the newest server, on every machine."""
    with Server("valkey-wheel") as started:
        yield started


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """One authority with a server's and a client's certificate."""
    folder: Path = tmp_path_factory.mktemp("certificates")
    return Certificates(folder)
