"""What may stand under `discovery` and `credentials`."""

from __future__ import annotations

from pathlib import PurePath
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, PlainSerializer, SecretStr, model_validator

from kvmon.options import Options, Seconds


def _redacted(value: SecretStr | None) -> str | None:
    return "<redacted>" if value is not None else None


def _files(text: str) -> str:
    path = PurePath(text)
    if path.suffix not in (".json", ".yml", ".yaml"):
        raise ValueError("it has to end in .json, .yml or .yaml, as Prometheus wants it")
    if "*" in str(path.parent):
        raise ValueError("only the last part of the path may hold a *, as Prometheus wants it")
    return text


def _http(text: str) -> str:
    try:
        parts = urlsplit(text)
        named = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        named = False
    if not named:
        raise ValueError("it is no URL with http:// or https://")
    return text


def shown_url(text: str) -> str:
    """The URL without user, password and query."""
    parts = urlsplit(text)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


Secret = Annotated[SecretStr, PlainSerializer(_redacted, return_type=str)]
HttpUrl = Annotated[str, AfterValidator(_http), PlainSerializer(shown_url, return_type=str)]


class HttpSource(Options):
    """An http_sd document; a URL alone means the same."""

    url: HttpUrl
    """Answers GET with a JSON list of groups."""
    refresh_interval: Seconds = 60.0
    """Time between requests."""
    timeout: Seconds = 10.0
    """Deadline of a request."""
    token: Secret | None = None
    """Bearer token."""
    token_file: str | None = None
    """A file with the bearer token, read at each request."""
    ca: str | None = None
    """PEM file of the authorities that are trusted; default: the system's."""

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        if self.token is not None and self.token_file is not None:
            raise ValueError("token and token_file say the same thing: keep one")
        return self


class DnsSource(Options):
    """An SRV record; a name alone means the same. Needs the extra `kvmon[dns]`."""

    name: Annotated[str, Field(min_length=1, max_length=253)]
    """Such as `_redis._tcp.cache.example.net`."""
    refresh_interval: Seconds = 30.0
    """Time between questions."""
    timeout: Seconds = 5.0
    """Deadline of a question."""
    nameserver: str | None = None
    """`host:port` of the server that is asked, the host as an IP address; default: the system's."""
    scheme: Literal["redis", "rediss", "valkey", "valkeys"] = "redis"
    """How what is found is reached."""
    target: str | None = None
    """What is found is nodes of one target of this name; default: each is a target of its own."""
    labels: dict[str, str] = Field(default_factory=dict)
    """Labels of what is found."""


def _plain(value: Any) -> Any:
    return {"url": value} if isinstance(value, str) else value


def _named(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value


class DiscoveryOptions(Options):
    """Documents that name targets; what changes in them counts without a reload."""

    files: tuple[Annotated[str, AfterValidator(_files)], ...] = ()
    """Prometheus' file_sd: JSON or YAML files, watched; the last part of a path may hold `*`."""
    http: tuple[Annotated[HttpSource, BeforeValidator(_plain)], ...] = ()
    """Prometheus' http_sd: URLs, asked now and then."""
    dns: tuple[Annotated[DnsSource, BeforeValidator(_named)], ...] = ()
    """SRV records, asked now and then."""
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
