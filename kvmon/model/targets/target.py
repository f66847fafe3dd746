"""One backend as the user configures it, and one server process of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from kvmon.model.targets.address import Address
from kvmon.model.targets.providers import PROVIDERS, Provider
from kvmon.model.targets.sizes import Size
from kvmon.model.targets.thresholds import DEFAULTS, Thresholds


@dataclass(frozen=True, slots=True)
class Auth:
    """An identity whose tokens are the password. `kind`: entra (with `scope`, `client_id`) or elasticache-iam (the others).

    `cache` is the name of the cluster or cache that a token is for, `service` elasticache or memorydb, `username` who signs in.
    """

    kind: str
    scope: str = ""
    client_id: str = ""
    cache: str = ""
    region: str = ""
    service: str = "elasticache"
    serverless: bool = False
    username: str = ""


@dataclass(frozen=True, slots=True)
class Credentials:
    """Who to be. The password is given, in a file that is read again when it changes, or a token; it never shows in a repr."""

    username: str | None = None
    password: str | None = field(default=None, repr=False)
    password_file: str | None = None
    auth: Auth | None = None

    @property
    def secret(self) -> bool:
        """Whether there is a password to sign in with."""
        return self.password is not None or self.password_file is not None or self.auth is not None


@dataclass(frozen=True, slots=True)
class Tls:
    """How to trust and be trusted. Paths of PEM files; `verify`: full (chain and name), ca (chain only), none."""

    ca: str | None = None
    cert: str | None = None
    key: str | None = None
    server_name: str | None = None
    verify: str = "full"


@dataclass(frozen=True, slots=True)
class Probe:
    """How a target is probed: seconds between reads, of a try at most, and between writes (None: no writes)."""

    interval: float = 1.0
    timeout: float = 0.8
    write_every: float | None = 4.0


@dataclass(frozen=True, slots=True)
class Workload:
    """What an application keeps for one purpose: `keys` and `channels` are patterns of the server, either may be empty.

    `db` is the database of its keys, None: any. `expires` is the share of keys that are meant to expire, None: no matter.
    """

    name: str
    keys: str = ""
    channels: str = ""
    db: int | None = None
    expires: float | None = None


@dataclass(frozen=True, slots=True)
class Scan:
    """How key spaces are gone through: every so many seconds, with so many `commands` a second and `share` of a server's time.

    `sample` keys of a kind are looked at before the rate is halved; `replicas` are preferred.
    """

    every: float = 600.0
    commands: float = 200.0
    share: float = 0.02
    sample: int = 300
    replicas: bool = True


@dataclass(frozen=True, slots=True)
class Sentinels:
    """The addresses of a target are Sentinels, which know the nodes of `service`. `credentials` are for the Sentinels."""

    service: str
    credentials: Credentials = Credentials()


@dataclass(frozen=True, slots=True)
class Target:
    """One backend. `addresses` are its nodes as configured, `interval` and `timeout` seconds, `memory_limit` bytes.

    `bare`: its series carry no `target` and `instance` (exporter mode). `service` is the guide's word for its type. `probe` is
    None for a target that is polled only; `breaker` says when its breakers open and close.
    `sku` is the provider's name of its size, which tells limits that the server does not.
    `topology` is auto, standalone, replicas, sentinel or cluster: whether other nodes than these are looked for. With `sentinels`
    the addresses are those of Sentinels. `address_map` leads from announced addresses to reachable ones; a found node that nobody
    announces is forgotten after `forget_after` seconds. `guarded`: who named its address is not trusted with what listens on this
    machine, so that a name which leads here is refused.
    """

    name: str
    addresses: tuple[Address, ...]
    credentials: Credentials = Credentials()
    tls: Tls | None = None
    provider: Provider = PROVIDERS[0]
    interval: float = 15.0
    timeout: float = 3.0
    memory_limit: int | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    critical: bool = False
    bare: bool = False
    service: str = "redis"
    probe: Probe | None = None
    breaker: Thresholds = DEFAULTS
    topology: str = "standalone"
    address_map: Mapping[str, str] = field(default_factory=dict)
    sku: str = ""
    forget_after: float = 600.0
    sentinels: Sentinels | None = None
    workloads: tuple[Workload, ...] = ()
    scan: Scan = Scan()
    guarded: bool = False

    @property
    def size(self) -> Size | None:
        """What the provider sells under the name `sku`."""
        return self.provider.sizes.get(self.sku)

    @property
    def limit(self) -> tuple[int, str] | None:
        """Bytes it may use for data, and who says so: `configured` or `sku`; None where neither does."""
        if self.memory_limit:
            return self.memory_limit, "configured"
        size = self.size
        return (round(size.memory * (1 - self.provider.reserved)), "sku") if size is not None else None

    @property
    def nodes(self) -> tuple[Node, ...]:
        """Its nodes, in the configured order."""
        target = self.for_sentinels()
        return tuple(Node(target, address) for address in self.addresses)

    def for_sentinels(self) -> Target:
        """The target as its Sentinels have it: they have credentials of their own, and nothing to read or write."""
        return self if self.sentinels is None else replace(self, credentials=self.sentinels.credentials, probe=None, workloads=())


@dataclass(frozen=True, slots=True)
class Node:
    """One server process of a target."""

    target: Target
    address: Address

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from every other: the target's name and the instance."""
        return self.target.name, str(self.address)

    @property
    def instance(self) -> str:
        """The value of its label `instance`."""
        return str(self.address)

    def __str__(self) -> str:
        """For logs and errors: `sessions (cache.example.net:6380)`."""
        return f"{self.target.name} ({self.address})"
