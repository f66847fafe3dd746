"""The terminal that tests of commands type into."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.cli.running import Terminal
from tests.servers.hostile import listening
from tests.servers.tls import Certificates


@pytest.fixture
def terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Terminal:
    return Terminal(tmp_path, monkeypatch, capsys)


@pytest.fixture
def start_double() -> Iterator[Callable[[Certificates], int]]:
    """Ports that speak TLS with these certificates and answer every line with +PONG."""
    with ExitStack() as stack:

        def start(files: Certificates) -> int:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(files["server.pem"], files["server.key"])

            def answer(connection: socket.socket, _over: threading.Event) -> None:
                with context.wrap_socket(connection, server_side=True) as secure:
                    while secure.recv(1 << 16):
                        secure.sendall(b"+PONG\r\n")

            return stack.enter_context(listening(answer))

        yield start
