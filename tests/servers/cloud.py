"""A managed backend on this machine: real servers behind doubles, at an address and with a certificate of their own."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from tests.servers.cluster import form
from tests.servers.double import Double, Profile, loopback
from tests.servers.server import HOST, Server
from tests.servers.tls import Certificates
from tests.servers.waiting import until


class Cloud:
    """Started by its constructor. `target` is what a configuration says of it; certificates are put into the folder."""

    def __init__(self, profile: Profile, folder: Path) -> None:
        self.profile = profile
        self._stack = ExitStack()
        self._doubles: list[Double] = []
        self.host = loopback()
        certificates = Certificates(folder / profile.id, names=(profile.name,)) if profile.tls else None
        try:
            servers = [self._server(port) for port in profile.nodes or (profile.port,)]
            if profile.cluster:
                form(servers)
            for port, server in ((profile.port, servers[0]), *zip(profile.nodes, servers, strict=False)):
                double = Double(replace(profile, port=port), server, certificates, self.host)
                self._doubles.append(self._stack.enter_context(double))
        except BaseException:
            self._stack.close()
            raise
        self.target: dict[str, Any] = {
            "name": "it",
            "url": f"{'rediss' if profile.tls else 'redis'}://{self.host}",
            "provider": profile.provider,
        }
        if certificates is not None:
            self.target["tls"] = {"ca": certificates["ca.pem"], "server_name": profile.name}
        if profile.sku:
            self.target["sku"] = profile.sku

    @property
    def instances(self) -> set[str]:
        """The nodes that there are, each at one of its addresses."""
        return {f"{self.host}:{port}" for port in (self.profile.port, *self.profile.nodes[1:])}

    @property
    def errors(self) -> Counter[str]:
        """Error replies that clients got since they were forgotten, by command."""
        return sum((double.errors for double in self._doubles), Counter())

    def forget_errors(self) -> None:
        """Count anew."""
        for double in self._doubles:
            double.errors.clear()

    def _server(self, port: int) -> Server:
        profile = self.profile
        settings = {"maxmemory": "100mb"}
        if profile.cluster:
            settings |= {"bind": f"{HOST} {self.host}", "cluster-announce-ip": self.host, "cluster-announce-port": str(port)}
        server = self._stack.enter_context(Server(profile.kind, cluster=profile.cluster, settings=settings))
        until(lambda: server.command("PING"), what="a server")
        return server

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()
