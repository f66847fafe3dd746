"""Servers as an application's environment describes them: one, Azure's two, a Valkey cluster."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from tests.servers.cluster import works
from tests.servers.daemon import INHERITED, Daemon
from tests.servers.server import Server
from tests.servers.tls import Certificates
from tests.servers.waiting import until

StartServer = Callable[..., Server]
StartDaemon = Callable[..., Daemon]

SECRET = "a/key+with=signs"  # as Azure's look


@dataclass(frozen=True)
class Deployment:
    """`environment` is all that an application is told."""

    target: str
    servers: tuple[Server, ...]
    daemon: Daemon
    environment: Mapping[str, str]

    @property
    def process_environment(self) -> dict[str, str]:
        """For an application in a process of its own."""
        kept = {name: os.environ[name] for name in INHERITED if name in os.environ}
        return {**kept, "KVMON_URL": self.daemon.url, **self.environment}


def probed(name: str, server: Server, **more: Any) -> dict[str, Any]:
    probe = {"timeout": "5s", "interval": "500ms", "write_every": "500ms"}
    place = {} if "urls" in more else {"url": server.url}
    return {"name": name, **place, "password": server.password, "probe": probe, **more}


def ready(daemon: Daemon, *targets: str) -> None:
    """Waits until all breakers of the targets are closed."""

    def closed() -> bool:
        found = daemon.get("/v1/breakers").json()["breakers"]
        return {b["target"] for b in found} == set(targets) and all(b["state"] == "closed" for b in found)

    until(closed, what=f"breakers of {targets} closed\n{daemon.logs[-3000:]}")


def one(start_server: StartServer, start_daemon: StartDaemon, _certificates: Certificates) -> Deployment:
    server = start_server()
    daemon = start_daemon({"targets": [probed("redis", server)]})
    ready(daemon, "redis")
    return Deployment("redis", (server,), daemon, {"REDIS_TYPE": "redis", "REDIS_HOST": server.address})


def azure_cache(start_server: StartServer, start_daemon: StartDaemon, certificates: Certificates) -> Deployment:
    server = start_server("redis-7.0", tls=certificates, password=SECRET)
    return _azure("azure_cache", "AZURE_REDIS", server, start_daemon, certificates)


def azure_managed(start_server: StartServer, start_daemon: StartDaemon, certificates: Certificates) -> Deployment:
    server = start_server("redis-8.0", tls=certificates, password=SECRET, cluster=True, settings={"tls-cluster": "yes"})
    form_cluster(server)
    return _azure("azure_managed", "AZURE_MANAGED_REDIS", server, start_daemon, certificates)


def _azure(name: str, prefix: str, server: Server, start_daemon: StartDaemon, certificates: Certificates) -> Deployment:
    daemon = start_daemon({"targets": [probed(name, server, tls={"ca": certificates["ca.pem"]})]})
    ready(daemon, name)
    environment = {
        "REDIS_TYPE": name, f"{prefix}_HOST": server.address, f"{prefix}_PASSWORD": SECRET,
        "SSL_CERT_FILE": certificates["ca.pem"],
    }  # fmt: skip
    return Deployment(name, (server,), daemon, environment)


def valkey_cluster(start_server: StartServer, start_daemon: StartDaemon, _certificates: Certificates) -> Deployment:
    servers = tuple(start_server(cluster=True, settings={"cluster-node-timeout": "2000"}) for _ in range(3))
    form_cluster(*servers)
    daemon = start_daemon(
        {"interval": "500ms", "targets": [probed("valkey", servers[0], urls=[server.url for server in servers])]}
    )
    until(lambda: len(daemon.get("/v1/breakers/valkey/write").json()["breakers"]) == 3, what="a breaker of each shard")
    ready(daemon, "valkey")
    places = ", ".join(server.address for server in servers)
    return Deployment("valkey", servers, daemon, {"REDIS_TYPE": "valkey", "VALKEY_ENDPOINTS": places})


def form_cluster(*nodes: Server) -> None:
    """All slots, shared out."""
    ends = [16_384 * n // len(nodes) for n in range(len(nodes) + 1)]
    for node, first, last in zip(nodes, ends, ends[1:], strict=False):
        node.command("CLUSTER", "ADDSLOTS", *(str(slot) for slot in range(first, last)))
        if node is not nodes[0]:
            nodes[0].command("CLUSTER", "MEET", "127.0.0.1", str(node.port))
    for node in nodes:
        until(partial(works, node), what="a cluster")
