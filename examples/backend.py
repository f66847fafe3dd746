"""Which server, by environment alone, and connections that fit an application with breakers.

REDIS_TYPE chooses; each set of variables is the one that kvmon understands too, and its name is that of kvmon's target.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import redis
import redis.asyncio
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.retry import Retry

Connection = Any
"""A client of redis-py for one server or for a cluster: their commands are the same, their types are not."""


@dataclass(frozen=True)
class Backend:
    """`target` is kvmon's name for it."""

    target: str
    nodes: tuple[tuple[str, int], ...]
    tls: bool
    cluster: bool
    password: str | None = field(default=None, repr=False)


SETS = {
    # REDIS_TYPE      where, password, port, TLS, cluster
    "azure_cache": ("AZURE_REDIS_HOST", "AZURE_REDIS_PASSWORD", 6380, True, False),
    "azure_managed": ("AZURE_MANAGED_REDIS_HOST", "AZURE_MANAGED_REDIS_PASSWORD", 10_000, True, True),
    "valkey": ("VALKEY_ENDPOINTS", "VALKEY_PASSWORD", 6379, False, True),
    "redis": ("REDIS_HOST", "REDIS_PASSWORD", 6379, False, False),
}


def backend(name: str | None = None, environment: Mapping[str, str] = os.environ) -> Backend:
    """The one that `name`, or else REDIS_TYPE, names. REDIS_CLUSTER=yes|no where its kind is not the usual one."""
    name = name or environment.get("REDIS_TYPE", "redis")
    if name not in SETS:
        raise SystemExit(f"REDIS_TYPE is one of {', '.join(SETS)}")
    where, secret, port, tls, cluster = SETS[name]
    if where not in environment:
        raise SystemExit(f"{where} has to say where the servers are")
    places = [place.strip() for place in environment[where].split(",")]
    nodes = tuple((host, int(given or port)) for host, _, given in (place.partition(":") for place in places))
    asked = environment.get("REDIS_CLUSTER")
    return Backend(name, nodes, tls, cluster if asked is None else asked == "yes", environment.get(secret) or None)


def settings(of: Backend) -> dict[str, Any]:
    """Breakers find out that a server is gone, so calls need not: short timeouts, and one more try on a fresh connection."""
    return {
        "password": of.password,
        "ssl": of.tls,
        "decode_responses": True,
        "max_connections": 50,  # of each node; Azure's smallest cache takes 256 in all
        "socket_timeout": 1.0,
        "socket_connect_timeout": 1.0,
        "socket_keepalive": True,
        "health_check_interval": 30,  # Azure closes connections that are idle for ten minutes
    }


def connect(of: Backend) -> Connection:
    """For threads."""
    retry = Retry(NoBackoff(), 1)
    if of.cluster:
        nodes = [redis.cluster.ClusterNode(host, port) for host, port in of.nodes]  # type: ignore[no-untyped-call]  # redis-py's lack
        return redis.RedisCluster(startup_nodes=nodes, retry=retry, **settings(of))
    host, port = of.nodes[0]
    return redis.Redis(host, port, retry=retry, **settings(of))


def connect_async(of: Backend) -> Connection:
    """For an event loop."""
    if not of.cluster:
        return connect_node(of, *of.nodes[0])
    nodes = [redis.asyncio.cluster.ClusterNode(host, port) for host, port in of.nodes]
    return redis.asyncio.RedisCluster(startup_nodes=nodes, retry=AsyncRetry(NoBackoff(), 1), **settings(of))


def connect_node(of: Backend, host: str, port: int) -> Connection:
    """To this node alone, for an event loop."""
    return redis.asyncio.Redis(host=host, port=port, retry=AsyncRetry(NoBackoff(), 1), **settings(of))
