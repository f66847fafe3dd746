"""A blocking client of our own, so that what a test asks a server does not pass through what it tests."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterable
from typing import Any, Self

import hiredis


class Refused(Exception):
    """The server answered with an error reply."""


class Client:
    """One connection; `command` sends and waits for the reply, text as `str`."""

    def __init__(
        self, host: str, port: int, *, login: Iterable[str] = (), tls: ssl.SSLContext | None = None, timeout: float = 20.0
    ) -> None:
        plain = socket.create_connection((host, port), timeout=timeout)
        self._socket = tls.wrap_socket(plain, server_hostname=host) if tls else plain
        self._reader = hiredis.Reader(encoding="utf-8", errors="surrogateescape")
        login = tuple(login)
        if login:
            self.command("AUTH", *login)

    def command(self, *words: str | bytes | float) -> Any:
        self._socket.sendall(hiredis.pack_command(words))  # type: ignore[arg-type]  # its stub knows one word only
        while True:
            reply = self._reader.gets()
            if reply is not False:
                break
            received = self._socket.recv(1 << 16)
            if not received:
                raise ConnectionError("the server closed the connection")
            self._reader.feed(received)
        if isinstance(reply, hiredis.ReplyError):
            raise Refused(str(reply))
        return reply

    def close(self) -> None:
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
