"""Managed providers as they look from outside: a proxy before a real server that refuses, renames and omits as they do."""

from __future__ import annotations

import contextlib
import os
import socket
import socketserver
import ssl
import threading
from collections import Counter
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Self

import hiredis

from tests.servers.server import Server
from tests.servers.tls import Certificates

_numbers = count(1)


@dataclass(frozen=True)
class Profile:
    """What a provider does. `refuses` are commands (`CONFIG`, `LATENCY LATEST`), answered with `refusal` and the command in it.

    `hides` are beginnings of names of INFO fields, `adds` fields of its own; `name` is whom its certificate is for. `nodes` are
    the ports at which the nodes of a cluster are announced, by IP address, where `port` is not all there is; `shape` tells
    several offers of a provider apart.
    """

    provider: str
    kind: str
    port: int
    name: str = ""
    tls: bool = True
    refuses: tuple[str, ...] = ()
    refusal: str = "ERR unknown command '{}', with args beginning with: "
    hides: tuple[str, ...] = ()
    adds: dict[str, str] = field(default_factory=dict)
    idle: float | None = None
    cluster: bool = False
    sku: str = ""
    shape: str = ""
    nodes: tuple[int, ...] = ()

    @property
    def id(self) -> str:
        """What tests call it."""
        return f"{self.provider}-{self.shape}" if self.shape else self.provider


def loopback() -> str:
    """An address of this machine that nobody else uses: with it a double may have the provider's own port."""
    number = os.getpid() * 64 + next(_numbers)
    return f"127.{100 + number // 62_500 % 100}.{1 + number // 250 % 250}.{1 + number % 250}"


class Double(socketserver.ThreadingTCPServer):
    """Listens on the provider's port. `errors` are the error replies that clients got, by command."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, profile: Profile, server: Server, certificates: Certificates | None, host: str) -> None:
        self.profile = profile
        self.server = server
        self.errors: Counter[str] = Counter()
        self.connections = 0
        self._context: ssl.SSLContext | None = None
        if profile.tls:
            assert certificates is not None
            self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._context.load_cert_chain(certificates["server.pem"], certificates["server.key"])
        super().__init__((host, profile.port), _Handler)
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()

    def accepted(self, request: socket.socket) -> socket.socket:
        self.connections += 1
        request.settimeout(self.profile.idle or 120.0)
        return self._context.wrap_socket(request, server_side=True) if self._context else request

    def answer(self, command: list[bytes], backend: _Backend) -> bytes:
        words = [word.decode(errors="replace").upper() for word in command[:2]]
        name = " ".join(words)
        if words[0] in self.profile.refuses or name in self.profile.refuses:
            self.errors[name] += 1
            return f"-{self.profile.refusal.format(words[0])}\r\n".encode()
        reply = backend.ask(command)
        if isinstance(reply, hiredis.ReplyError):
            self.errors[name] += 1
        if words[0] == "INFO" and isinstance(reply, bytes):
            reply = self._info(reply)
        return _written(reply)

    def _info(self, reply: bytes) -> bytes:
        lines = [line for line in reply.decode().split("\r\n") if not line.startswith(self.profile.hides or ("\n",))]
        if any(line.startswith("# Server") for line in lines):
            lines[1:1] = [f"{name}:{value}" for name, value in self.profile.adds.items()]
        return "\r\n".join(lines).encode()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self._thread.join(20)
        self.server_close()


class _Handler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        double = self.server
        assert isinstance(double, Double)
        with (
            contextlib.suppress(OSError),
            contextlib.closing(_Backend(double.server.port)) as backend,
            double.accepted(self.request) as connection,
        ):
            reader = hiredis.Reader()
            while received := connection.recv(1 << 16):
                reader.feed(received)
                answers = []
                while (command := reader.gets()) is not False:
                    answers.append(double.answer(command, backend))
                connection.sendall(b"".join(answers))


class _Backend:
    """The real server: one command, one reply."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self._reader = hiredis.Reader()

    def ask(self, command: list[bytes]) -> Any:
        self._socket.sendall(hiredis.pack_command(tuple(command)))  # type: ignore[arg-type]  # its stub knows one word only
        while (reply := self._reader.gets()) is False:
            received = self._socket.recv(1 << 16)
            if not received:
                raise ConnectionError("the server closed the connection")
            self._reader.feed(received)
        return reply

    def close(self) -> None:
        self._socket.close()


def _written(reply: Any) -> bytes:
    if isinstance(reply, hiredis.ReplyError):
        return f"-{reply}\r\n".encode()
    if reply is None:
        return b"$-1\r\n"
    if isinstance(reply, int):
        return f":{reply}\r\n".encode()
    if isinstance(reply, list):
        return f"*{len(reply)}\r\n".encode() + b"".join(_written(part) for part in reply)
    return b"$%d\r\n%s\r\n" % (len(reply), reply)
