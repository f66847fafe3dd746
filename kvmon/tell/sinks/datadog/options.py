"""Options of the push to Datadog: where its Agent listens, or how to do without one."""

from __future__ import annotations

import re
from typing import Annotated, Literal, NamedTuple, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, SecretStr, model_validator

from kvmon.options import Bytes, Options, Seconds, Secret, size

PORT = 8125
LOOPBACK = ("127.0.0.1", "::1", "localhost")
SITES = {
    "us1": "datadoghq.com", "us3": "us3.datadoghq.com", "us5": "us5.datadoghq.com", "eu": "datadoghq.eu", "eu1": "datadoghq.eu",
    "ap1": "ap1.datadoghq.com", "ap2": "ap2.datadoghq.com", "gov": "ddog-gov.com", "us1-fed": "ddog-gov.com",
}  # fmt: skip
"""Datadog's sites by their short names."""


class Destination(NamedTuple):
    """`host` and `port` for UDP, or the `path` of a unix socket."""

    host: str = ""
    port: int = PORT
    path: str = ""


def read_destination(text: str) -> Destination:
    """`udp://host:port` or `unix:///path`. Raises ValueError."""
    wrong = ValueError(f"{text!r} is no address of DogStatsD: write udp://HOST:PORT or unix:///PATH")
    try:
        parts = urlsplit(text)
        port = parts.port or PORT
    except ValueError:
        raise wrong from None
    if parts.scheme == "unix" and parts.path.startswith("/") and not parts.netloc:
        return Destination(path=parts.path)
    if parts.scheme == "udp" and parts.hostname and not parts.path.strip("/"):
        return Destination(parts.hostname, port)
    raise wrong


def read_site(text: str) -> str:
    """The domain of a site, given as that or by its short name. Raises ValueError."""
    domain = SITES.get(text.lower(), text.lower())
    if domain not in SITES.values():
        raise ValueError(f"{text!r} is no site of Datadog: use one of {', '.join(dict.fromkeys(SITES.values()))}")
    return domain


def _dogstatsd(text: str) -> str:
    read_destination(text)
    return text


def _api(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.username:
        raise ValueError(f"{text!r} is no address of an API: write https://HOST")
    if parts.scheme == "http" and parts.hostname not in LOOPBACK:
        raise ValueError("http would show the API key to the network: write https://HOST")
    return text.rstrip("/")


def read_proxy(secret: SecretStr) -> SecretStr:
    """A proxy that is one. Raises ValueError, without what was given: it may hold a password."""
    try:
        parts = urlsplit(secret.get_secret_value())
        fine = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        fine = False
    if not fine:
        raise ValueError("it is no address of a proxy: write http://HOST:PORT or http://USER:PASSWORD@HOST:PORT")
    return secret


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"{text!r} is no regular expression: {error.msg}") from None
    return text


def _prefix(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_.]{0,99}", text) or text.endswith("."):
        raise ValueError(f"{text!r} is no beginning of names: use letters, digits, underscore and dot, beginning with a letter")
    return text


Patterns = tuple[Annotated[str, AfterValidator(_pattern)], ...]


class DatadogOptions(Options):
    """Pushing to Datadog, through the DogStatsD of an Agent or without one."""

    dogstatsd: Annotated[str, AfterValidator(_dogstatsd)] | None = None
    """`udp://HOST:PORT` or `unix:///PATH`; default: `DD_DOGSTATSD_URL`, `DD_AGENT_HOST`, else port 8125 of this machine."""
    api_key_file: Annotated[str, Field(min_length=1)] | None = None
    """A file with the API key, read again when it changes; then no Agent is needed."""
    api_key: Secret | None = None
    """The API key itself; better in a file. Default: `DD_API_KEY`, where no Agent is named."""
    site: Annotated[str, AfterValidator(read_site)] | None = None
    """Datadog's site (`datadoghq.eu`), or its short name (`us3`, `us5`, `eu`, `ap1`, `gov`); default: `DD_SITE`, else `us1`."""
    api: Annotated[str, AfterValidator(_api)] | None = None
    """`https://HOST` of the API, where it is not the site's own: a private link, a forwarder."""
    proxy: Annotated[Secret, AfterValidator(read_proxy)] | None = None
    """`http://USER:PASSWORD@HOST:PORT` of a proxy to the API; default: `DD_PROXY_HTTPS`, `HTTPS_PROXY` (with `NO_PROXY`)."""
    hostname: Annotated[str, Field(min_length=1, max_length=255)] | None = None
    """The host that goes with everything without an Agent; default: `DD_HOSTNAME`, else this machine's name."""
    queue: Bytes = size("64MiB")
    """How much may wait for the API, in `state_dir`, else in memory; then the oldest goes."""
    compression: Literal["deflate", "gzip", "zstd"] = "deflate"
    """How points are compressed for the API; `zstd` needs the extra `kvmon[zstd]`."""
    interval: Seconds = 15.0
    """Time between pushes."""
    tags: tuple[str, ...] = ()
    """Tags that everything carries, such as `env:prod`."""
    namespace: Annotated[str, AfterValidator(_prefix)] = "redis"
    """What names and checks begin with in place of `redis`; with another than the Agent's, its dashboards see nothing."""
    include: Patterns = ()
    """Regular expressions for names of metrics, each to match a name whole: only these are sent; default: all."""
    exclude: Patterns = ()
    """The same for metrics that are not sent."""
    timestamps: bool = False
    """Whether points carry the time of their poll through DogStatsD, too; needs an Agent of 7.40 or later."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        given = [name for name in ("dogstatsd", "api_key_file", "api_key") if getattr(self, name) is not None]
        if len(given) > 1:
            raise ValueError(f"{' and '.join(given)} are different ways: keep one")
        return self

    @property
    def agentless(self) -> bool:
        """Whether to do without an Agent."""
        return self.api_key is not None or self.api_key_file is not None

    @property
    def api_url(self) -> str:
        """Where the API is."""
        return self.api or f"https://api.{self.site or SITES['us1']}"
