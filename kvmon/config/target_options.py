"""What may stand in a configuration file about one backend."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Annotated, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from kvmon.config.trust import TlsOptions
from kvmon.config.values import PREFIX, File, Url
from kvmon.judge.breakers.options import BreakerOptions
from kvmon.model.targets.address import BackendUrl, parse_address
from kvmon.model.targets.options import AuthOptions
from kvmon.model.targets.providers import BY_NAME
from kvmon.options import Bytes, Options, Seconds, Secret
from kvmon.watch.collectors import OFF, Collectors
from kvmon.watch.scans.options import ScanOptions, WorkloadOptions

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
TOPOLOGIES = ("auto", "standalone", "replicas", "sentinel", "cluster")


def _name(text: str) -> str:
    if not _NAME.fullmatch(text):
        raise ValueError(
            f"{text!r} is no name for a target: use lower-case letters, digits, dot, dash and underscore, "
            "beginning with a letter or digit, at most 63",
        )
    return text


def _provider(text: str) -> str:
    known = ("auto", *BY_NAME)
    if text not in known:
        raise ValueError(f"{text!r} is no provider: use one of {', '.join(known)}")
    return text


def _topology(text: str) -> str:
    if text not in TOPOLOGIES:
        raise ValueError(f"{text!r} is no topology: use one of {', '.join(TOPOLOGIES)}")
    return text


def _address_map(value: object) -> object:
    if isinstance(value, dict):
        for announced, reachable in value.items():
            if not isinstance(reachable, str):
                raise ValueError(f"{announced!r} has to lead to an address, such as cache.example.net:6379")  # noqa: TRY004 - as above
            parse_address(reachable)
            port = ":" in str(announced).rpartition("]")[2] and str(announced).count(":") == 1
            if not port and reachable.rpartition("]")[2].count(":") == 1:
                raise ValueError(f"{announced!r} is a host without a port: it has to lead to one without a port too")
    return value


def _labels(value: object) -> object:
    if isinstance(value, dict):
        wrong = next((name for name in value if not PREFIX.fullmatch(str(name)) or str(name).startswith("__")), None)
        if wrong is not None:
            raise ValueError(f"{wrong!r} is no name for a label: use letters, digits and underscore, not beginning with __")
    return value


def _off(value: object) -> object:
    """None for what a file calls off, whether YAML took the word for false or for text."""
    return None if value is False or (isinstance(value, str) and value.lower() in OFF) else value


def _switched(value: object) -> object:
    """`probe: on` is a mapping that says nothing."""
    return {} if value is True or (isinstance(value, str) and value.lower() in ("on", "yes", "true")) else _off(value)


def _identity(value: object) -> object:
    """`auth: entra` is a mapping that says only that."""
    return {"type": value} if isinstance(value, str) else value


class ProbeOptions(Options):
    """Tries reading and writing as an application would, and keeps breakers: a mapping, `on` for the defaults, or `off`."""

    interval: Annotated[Seconds, Field(ge=0.1)] = 1.0
    """Time between reads (PING, and GET of a key of its own)."""
    timeout: Annotated[Seconds, Field(ge=0.05)] = 0.8
    """Deadline of a try, connecting included."""
    write_every: Annotated[Seconds | None, BeforeValidator(_off)] = 4.0
    """Time between writes (SET of a small key that expires) to primaries; `off`: nothing is written."""


class SentinelOptions(Options):
    """Who to be for Sentinels, which know nothing of the credentials of the nodes they watch."""

    username: str | None = None
    """ACL user; default: the Sentinels' default user."""
    password: Secret | None = None
    """The password; better in a file, or as `${NAME}`."""
    password_file: File | None = None
    """A file with the password, read again when it changes."""

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if self.password is not None and self.password_file is not None:
            raise ValueError("password and password_file say the same thing: keep one")
        return self


class TargetOptions(Options):
    """One backend."""

    name: Annotated[str, AfterValidator(_name)]
    """What it is called in labels, paths and logs."""
    url: Url | None = None
    """`redis://`, `rediss://`, `valkey://`, `valkeys://` (with s: TLS), `unix://`, or `redis+sentinel://h1,h2,h3/SERVICE` and its
    like; may carry `user:password@`."""
    urls: tuple[Url, ...] = ()
    """Several nodes of one backend, in place of `url`."""
    seeds: tuple[Url, ...] = ()
    """The same as `urls`."""
    provider: Annotated[str, AfterValidator(_provider)] = "auto"
    """Who runs it: `auto` looks at the host's name."""
    username: str | None = None
    """ACL user; default: the server's default user."""
    password: Secret | None = None
    """The password; better in a file, or as `${NAME}`."""
    password_file: File | None = None
    """A file with the password, read again when it changes."""
    auth: Annotated[AuthOptions | None, BeforeValidator(_identity)] = None
    """Tokens in place of a password: `entra`, `elasticache-iam`, or a mapping."""
    topology: Annotated[str, AfterValidator(_topology)] = "auto"
    """`standalone`: exactly the nodes that are named. `replicas`, `sentinel`, `cluster`: also those that they announce.
    `auto` looks."""
    sentinel: SentinelOptions | None = None
    """Credentials of the Sentinels themselves; username and password above are those of the nodes they watch."""
    address_map: Annotated[dict[str, str], BeforeValidator(_address_map)] = Field(default_factory=dict)
    """From addresses that nodes announce (`host:port`, or a host) to those that they are reached at."""
    forget_after: Seconds = 600.0
    """How long a found node that is no longer announced is still asked."""
    tls: TlsOptions | None = None
    """For `rediss://` and `valkeys://`."""
    sku: str | None = None
    """Its size by the provider's name (`C1`, `P2`, `B10`), where the server does not say how much memory it has."""
    memory_limit: Bytes | None = None
    """How much memory it may use, where the server cannot say."""
    labels: Annotated[dict[str, str], BeforeValidator(_labels)] = Field(default_factory=dict)
    """Labels that all its series carry."""
    critical: bool = False
    """Whether its failure makes `/health` fail."""
    interval: Seconds | None = None
    """Time between polls; default: the general one."""
    timeout: Seconds | None = None
    """Deadline of a poll; default: the general one, at most the interval."""
    collectors: Collectors = Collectors()
    """Which questions are asked, and how often."""
    probe: Annotated[ProbeOptions | None, BeforeValidator(_switched)] = ProbeOptions()
    """Tries reading and writing as an application would, and keeps breakers: a mapping, or `off`."""
    breaker: BreakerOptions = BreakerOptions()
    """When its breakers open and close."""
    workloads: tuple[WorkloadOptions, ...] = ()
    """What applications keep there, by patterns of keys."""
    scan: ScanOptions = ScanOptions()
    """How its keys are gone through for that."""

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        names = [workload.name for workload in self.workloads]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"two workloads are called {twice!r}")
        given = [name for name in ("url", "urls", "seeds") if getattr(self, name)]
        if len(given) != 1:
            problem = f"{' and '.join(given)} say the same thing: keep one" if given else "it has no url"
            raise ValueError(problem)
        if self.password is not None and self.password_file is not None:
            raise ValueError("password and password_file say the same thing: keep one")
        services = {url.service for url in self.addresses}
        if len(services) > 1:
            raise ValueError("its urls name different services, or only some name one: make each a target of its own")
        if not any(services) and (self.sentinel is not None or self.topology == "sentinel"):
            raise ValueError("its url names no Sentinels: write redis+sentinel://host:26379/SERVICE")
        if any(services) and self.topology in ("replicas", "cluster"):
            raise ValueError(f"topology is {self.topology}, and its url names Sentinels: leave one of the two away")
        return self

    @property
    def addresses(self) -> tuple[BackendUrl, ...]:
        """Its nodes, however they were given, one URL for each."""
        given = (self.url,) if self.url is not None else self.urls or self.seeds
        return tuple(replace(url, address=address, others=()) for url in given for address in (url.address, *url.others))
