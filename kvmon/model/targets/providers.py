"""What is known of each provider before a command is sent: rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from kvmon.model.targets.sizes import AZURE_CACHE, AZURE_MANAGED, Size


@dataclass(frozen=True, slots=True)
class Provider:
    """One way to run a backend.

    `title` is its name in sentences, `service` the word for its type in the guide's documents (`REDIS_TYPE`). `hosts` are
    patterns of host names that give it away, `signs` fields of INFO with how their values begin. `withholds` are collectors
    whose commands it is known to refuse: they are not even tried. `port` and `tls_port` count where a URL names none; `tls`:
    there is no other way. `idle` is after how many seconds it closes a connection that says nothing, None for never. `sizes`
    are what it sells, by name, of which the share `reserved` is not for data; `reserves` are fields of INFO that say how much of
    `maxmemory` is not. `users` says how a user of our own is made.
    `announces`: maintenance is told on the channel AzureRedisEvents.
    """

    name: str
    title: str
    service: str = "redis"
    hosts: tuple[str, ...] = ()
    signs: tuple[tuple[str, str], ...] = ()
    withholds: tuple[str, ...] = ()
    port: int = 6379
    tls_port: int = 6379
    tls: bool = False
    idle: float | None = None
    sizes: Mapping[str, Size] = field(default_factory=dict)
    reserved: float = 0.0
    reserves: tuple[str, ...] = ()
    users: str = "ACL SETUSER"
    announces: bool = False

    @property
    def managed(self) -> bool:
        """Whether somebody else runs it, and decides what may be asked."""
        return self.name != "self-hosted"

    def available(self, number: Callable[[str], float | None]) -> float | None:
        """Bytes of `maxmemory` that are for data; `number` reads a field of INFO. None where that tells no limit."""
        most = number("maxmemory")
        if not most or not self.reserves:
            return most or None
        left = most - sum(number(name) or 0.0 for name in self.reserves)
        return left if left > 0.0 else most


PROVIDERS = (
    Provider("self-hosted", "a server of your own"),
    Provider(
        "azure-cache", "Azure Cache for Redis", "azure_cache",
        hosts=("*.redis.cache.windows.net", "*.redis.cache.chinacloudapi.cn", "*.redis.cache.usgovcloudapi.net"),
        signs=(("maxmemory_reservation", ""), ("maxfragmentationmemory_reservation", "")),
        withholds=("config", "acl"), tls_port=6380, idle=600.0, sizes=AZURE_CACHE, reserved=0.2,
        reserves=("maxmemory_reservation", "maxfragmentationmemory_reservation"),
        users="a custom data access policy of Microsoft Entra; its permissions are these rules", announces=True,
    ),
    Provider(
        "azure-managed", "Azure Managed Redis", "azure_managed",
        hosts=("*.redis.azure.net", "*.redisenterprise.cache.azure.net"),
        withholds=("config", "memory", "acl"), port=10_000, tls_port=10_000, idle=600.0, sizes=AZURE_MANAGED, reserved=0.2,
        users="Microsoft Entra; it has no rules for single commands",
    ),
    Provider(
        "elasticache-serverless", "Amazon ElastiCache Serverless",
        hosts=("*.serverless.*.cache.amazonaws.com", "*.serverless.*.cache.amazonaws.com.cn"),
        withholds=("config",), tls=True, users="aws elasticache create-user --access-string",
    ),
    Provider(
        "elasticache", "Amazon ElastiCache",
        hosts=("*.cache.amazonaws.com", "*.cache.amazonaws.com.cn"), signs=(("os", "Amazon ElastiCache"),),
        withholds=("config",), users="aws elasticache create-user --access-string",
    ),
    Provider(
        "memorydb", "Amazon MemoryDB",
        hosts=("*.memorydb.*.amazonaws.com", "*.memorydb.amazonaws.com", "*.memorydb.*.amazonaws.com.cn"),
        signs=(("os", "Amazon MemoryDB"),), withholds=("config",),
        users="aws memorydb create-acl and create-user --access-string",
    ),
    Provider(
        "memorystore", "Google Cloud Memorystore", withholds=("config",),
        users="IAM; it has no rules for single commands",
    ),
)  # fmt: skip
"""All providers; the first is what a backend is unless something says otherwise. Of two patterns the first counts."""

BY_NAME = {provider.name: provider for provider in PROVIDERS}


def provider_of(host: str) -> Provider:
    """The provider that a host name gives away, else self-hosted."""
    lowered = host.lower().rstrip(".")
    return next((row for row in PROVIDERS if any(fnmatchcase(lowered, pattern) for pattern in row.hosts)), PROVIDERS[0])


def told_by(provider: Provider, fields: Mapping[str, str]) -> Provider:
    """The provider that INFO gives away where the configuration and the host name say none."""
    if provider.managed:
        return provider
    told = (row for row in PROVIDERS for name, value in row.signs if name in fields and fields[name].startswith(value))
    return next(told, provider)
