"""What is known of each provider before a command is sent: rows."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Provider:
    """One way to run a backend.

    `service` is the word for its type in the guide's documents (`REDIS_TYPE`). `hosts` are the endings of host names that give
    it away. `withholds` are collectors whose commands it is known to refuse: they are not even tried.
    """

    name: str
    service: str
    hosts: tuple[str, ...] = ()
    withholds: tuple[str, ...] = ()


PROVIDERS = (
    Provider("self-hosted", "redis"),
    Provider("azure-cache", "azure_cache", (".redis.cache.windows.net",), ("config",)),
    Provider("azure-managed", "azure_managed", (".redis.azure.net", ".redisenterprise.cache.azure.net"),
             ("config", "latency", "memory")),
    Provider("elasticache", "redis", (".cache.amazonaws.com",), ("config",)),
    Provider("memorydb", "redis", (".memorydb.amazonaws.com",), ("config",)),
    Provider("memorystore", "redis", (), ("config",)),
)  # fmt: skip
"""All providers; the first is what a backend is unless something says otherwise."""

BY_NAME = {provider.name: provider for provider in PROVIDERS}


def provider_of(host: str) -> Provider:
    """The provider that a host name gives away, else self-hosted."""
    lowered = host.lower().rstrip(".")
    return next((row for row in PROVIDERS if any(lowered.endswith(ending) for ending in row.hosts)), PROVIDERS[0])
