"""Where targets may be named: URLs, SRV records, and a Kubernetes API."""

from __future__ import annotations

from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, PlainSerializer, model_validator

from kvmon.config.trust import TlsOptions
from kvmon.config.values import File
from kvmon.options import Options, Seconds, Secret


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


HttpUrl = Annotated[str, AfterValidator(_http), PlainSerializer(shown_url, return_type=str)]


class HttpSource(Options):
    """An http_sd document; a URL alone means the same."""

    url: HttpUrl
    """Answers GET with a JSON list of groups."""
    refresh_interval: Seconds = 60.0
    """Time between requests."""
    timeout: Seconds = 10.0
    """Deadline of a request."""
    username: str | None = None
    """Of basic authentication."""
    password: Secret | None = None
    """Of basic authentication; better in a file, or as `${NAME}`."""
    password_file: File | None = None
    """A file with the password, read at each request."""
    token: Secret | None = None
    """Bearer token, in place of a user."""
    token_file: File | None = None
    """A file with the bearer token, read at each request."""
    tls: TlsOptions | None = None
    """How to trust the server and be trusted by it; default: the system's authorities."""

    @model_validator(mode="after")
    def _agrees(self) -> Self:
        words = ("password", "password_file", "token", "token_file")
        given = [name for name in words if getattr(self, name) is not None]
        given += ["the url"] if "@" in urlsplit(self.url).netloc else []
        if len(given) > 1:
            raise ValueError(f"{' and '.join(given)} say who is asking: keep one")
        if (self.username is not None) != any("password" in name for name in given):
            raise ValueError("username and password (or password_file) belong together: give both or neither")
        if self.tls is not None and not self.url.startswith("https:"):
            raise ValueError("tls needs a URL with https://")
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


class KubernetesSource(Options):
    """Annotated Services or Pods; the role alone means those of all namespaces."""

    role: Literal["service", "pod"]
    """What is looked at: each Service is a target, and so is each Pod that runs."""
    namespaces: tuple[Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")], ...] = ()
    """Default: all, which takes the right to list and watch in all of them."""
    selector: str = ""
    """Kubernetes' label selector, such as `app.kubernetes.io/name=valkey`."""
    api: HttpUrl | None = None
    """The API's URL; default: that of the cluster in whose Pod kvmon runs, with the Pod's own token and authority."""
    token_file: File | None = None
    """A file with the bearer token, read at each request; with `api` the default is none."""
    tls: TlsOptions | None = None
    """How to trust the API; with `api` the default is the system's authorities."""
    timeout: Seconds = 10.0
    """Deadline of a request; a watch lasts longer."""
    scheme: Literal["redis", "rediss", "valkey", "valkeys"] = "redis"
    """How what is found is reached, where its annotations do not say."""
    labels: dict[str, str] = Field(default_factory=dict)
    """Labels of what is found, besides `namespace` and `service` or `pod`."""

    @property
    def documents(self) -> dict[str, str]:
        """What it reads, one a namespace (`""`: all), each under the name it has in series and the log."""
        of = f" with {self.selector}" if self.selector else ""
        of += f" at {shown_url(self.api)}" if self.api else ""
        return {space: f"kubernetes {self.role}s" + (f" in {space}" if space else "") + of for space in self.namespaces or ("",)}
