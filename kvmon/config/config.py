"""What a configuration comes to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from kvmon.config.alerting import Alerting
from kvmon.config.discovery.targets import Discovery
from kvmon.config.options import LogOptions, Poll
from kvmon.config.rules import Rules
from kvmon.diagnose.migration.options import MigrationOptions
from kvmon.judge.window.options import WindowOptions
from kvmon.model.targets.address import Address
from kvmon.model.targets.sharding import Part
from kvmon.model.targets.target import Target
from kvmon.tell.server.options import TokenOptions
from kvmon.tell.sinks.datadog.options import DatadogOptions
from kvmon.watch.collectors import Collectors


@dataclass(frozen=True, slots=True)
class Web:
    """Who may do what over HTTP. `users` maps names to bcrypt hashes; `cert`, `key` and `client_ca` are PEM files.

    `client_auth`: none, request, any, verify_if_given or verify; `min_version`: TLS12 or TLS13.
    """

    tokens: tuple[TokenOptions, ...] = field(default=(), repr=False)
    users: Mapping[str, str] = field(default_factory=dict, repr=False)
    cert: str | None = None
    key: str | None = None
    client_ca: str | None = None
    client_auth: str = "none"
    min_version: str = "TLS12"


DATABASES = 16
"""What a server has unless told otherwise."""


@dataclass(frozen=True, slots=True)
class Config:
    """The effective configuration.

    `listen` is `host:port`; `default_target` the name of the target that a request means when it names none; `exporter_mode`
    is set where redis_exporter's REDIS_ADDR alone configures it; `file` is the configuration file, `files` are all files that it
    was made from: a change of one is a reason to load again.
    """

    targets: tuple[Target, ...]
    listen: str = "127.0.0.1:9121"
    interval: float = 15.0
    timeout: float = 3.0
    poll: Poll = "scheduled"
    web: Web = Web()
    event_loop: str = "asyncio"
    log: LogOptions = field(default_factory=LogOptions)
    datadog: DatadogOptions | None = None
    alerting: Alerting = field(default_factory=Alerting)
    window: WindowOptions = field(default_factory=WindowOptions)
    rules: Rules = field(default_factory=Rules)
    migration: MigrationOptions | None = None
    state_dir: str | None = None
    control: Address | None = None
    namespace: str = "redis"
    scrape_allow: tuple[str, ...] = ()
    default_target: str | None = None
    exporter_mode: bool = False
    file: str | None = None
    files: tuple[str, ...] = ()
    collectors: Mapping[str, Collectors] = field(default_factory=dict)
    """By the target's name."""
    common_collectors: Collectors = field(default_factory=Collectors)
    """Those of nodes that are no configured target."""
    discovery: Discovery | None = None
    """Documents that name more targets."""
    part: Part | None = None
    """Which of several processes this is, as far as targets are shared among them."""

    def with_found(self, found: Sequence[Target]) -> Config:
        """The configuration with these targets after its own."""
        if self.discovery is None or not found:
            return self
        collectors = dict.fromkeys((target.name for target in found), self.discovery.collectors)
        targets = (*self.targets, *found)
        default = self.default_target or targets[0].name
        return replace(self, targets=targets, collectors={**self.collectors, **collectors}, default_target=default)

    def collectors_of(self, target: Target) -> Collectors:
        """The collectors that ask this target's nodes."""
        found = self.collectors.get(target.name, self.common_collectors)
        if "config" in target.provider.withholds and found.info.databases is None:
            # INFO's collector would ask CONFIG for the number, and be refused.
            return found.model_copy(update={"info": found.info.model_copy(update={"databases": DATABASES})})
        return found

    def target(self, name: str) -> Target | None:
        """The target of this name."""
        return next((target for target in self.targets if target.name == name), None)
