"""What may stand under `discovery` and `credentials`."""

from __future__ import annotations

from pathlib import PurePath
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from kvmon.config.discovery.sources import DnsSource, HttpSource, KubernetesSource
from kvmon.options import Options, Secret


def _files(text: str) -> str:
    path = PurePath(text)
    if path.suffix not in (".json", ".yml", ".yaml"):
        raise ValueError("it has to end in .json, .yml or .yaml, as Prometheus wants it")
    if "*" in str(path.parent):
        raise ValueError("only the last part of the path may hold a *, as Prometheus wants it")
    return text


def _alone(name: str) -> BeforeValidator:
    """A text alone stands for the mapping that says only this."""
    return BeforeValidator(lambda value: {name: value} if isinstance(value, str) else value)


class DiscoveryOptions(Options):
    """Documents that name targets; what changes in them counts without a reload."""

    files: tuple[Annotated[str, AfterValidator(_files)], ...] = ()
    """Prometheus' file_sd: JSON or YAML files, watched; the last part of a path may hold `*`."""
    http: tuple[Annotated[HttpSource, _alone("url")], ...] = ()
    """Prometheus' http_sd: URLs, asked now and then."""
    dns: tuple[Annotated[DnsSource, _alone("name")], ...] = ()
    """SRV records, asked now and then."""
    kubernetes: tuple[Annotated[KubernetesSource, _alone("role")], ...] = ()
    """Annotated Services and Pods of Kubernetes, watched."""
    defaults: dict[str, Any] = Field(default_factory=dict)
    """Options of a target, for all that are found."""


class CredentialRule(Options):
    """Credentials of targets that have none of their own; the first rule that fits counts."""

    hosts: tuple[str, ...] = ()
    """Host names; `*.cache.example.net` is every name that ends so. All hosts of a target have to be among them."""
    labels: dict[str, str] = Field(default_factory=dict)
    """Labels that the target has to have."""
    username: str | None = None
    """ACL user."""
    password: Secret | None = None
    """The password; better in a file, or as `${NAME}`."""
    password_file: str | None = None
    """A file with the password, read again when it changes."""
    file: str | None = None
    """In place of all others: redis_exporter's JSON password file, `{"redis://user@host:port": "password"}`."""

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        own = [name for name in ("password", "password_file", "file") if getattr(self, name) is not None]
        if len(own) > 1:
            raise ValueError(f"{' and '.join(own)} say the same thing: keep one")
        if not own:
            raise ValueError("it has no password, password_file or file")
        if self.file is None and not self.hosts and not self.labels:
            raise ValueError("it would fit every host: name hosts or labels")
        if self.file is not None and (self.username or self.hosts or self.labels):
            raise ValueError("file says for itself whom and where: remove the others")
        wrong = next((host for host in self.hosts if not host or host.strip("*.") == "" or "*" in host[1:]), None)
        if wrong is not None:
            raise ValueError(f"{wrong!r} is no host: a * may stand at the beginning alone, as in *.cache.example.net")
        return self
