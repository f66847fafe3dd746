"""A real Sentinel on loopback."""

from __future__ import annotations

from tests.servers.server import HOST, Server
from tests.servers.tls import Certificates


class Sentinel(Server):
    """Watches the service `mymaster`, whose primary is given; quick to act: a primary counts as down after `down_after` ms."""

    arguments = ("--sentinel",)

    def __init__(
        self,
        primary: Server,
        *,
        quorum: int = 2,
        kind: str = "valkey-wheel",
        password: str = "",
        tls: Certificates | None = None,
        down_after: int = 1000,
    ) -> None:
        self._watched = primary
        self._quorum = quorum
        self._down_after = down_after
        super().__init__(kind, password=password, tls=tls)

    def _configuration(self) -> str:
        port = ("port 0", f"tls-port {self.port}") if self.certificates else (f"port {self.port}",)
        lines = [
            *port, f"bind {HOST}", "daemonize no", f"dir {self._folder}",
            f"sentinel monitor mymaster {HOST} {self._watched.port} {self._quorum}",
            f"sentinel down-after-milliseconds mymaster {self._down_after}",
            "sentinel failover-timeout mymaster 10000",
        ]  # fmt: skip
        if self.certificates:
            lines += self.certificates.lines()
        if self.password:
            lines += [f"requirepass {self.password}", f"sentinel sentinel-pass {self.password}"]
        if self._watched.password:
            lines.append(f"sentinel auth-pass mymaster {self._watched.password}")
        return "\n".join(lines) + "\n"
