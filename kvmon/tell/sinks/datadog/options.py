"""Options of the push to Datadog, and where its Agent listens."""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple
from urllib.parse import urlsplit

from pydantic import AfterValidator, model_validator

from kvmon.options import Options, Seconds

PORT = 8125
LATER = ("api_key_file", "api_key", "site")
"""Keys of sending without an Agent."""


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


def _dogstatsd(text: str) -> str:
    read_destination(text)
    return text


class DatadogOptions(Options):
    """Pushing to Datadog through the DogStatsD of an Agent."""

    dogstatsd: Annotated[str, AfterValidator(_dogstatsd)] | None = None
    """`udp://HOST:PORT` or `unix:///PATH`; default: `DD_DOGSTATSD_URL`, `DD_AGENT_HOST`, else port 8125 of this machine."""
    interval: Seconds = 15.0
    """Time between pushes."""
    tags: tuple[str, ...] = ()
    """Tags that everything carries, such as `env:prod`."""

    @model_validator(mode="before")
    @classmethod
    def _with_an_agent(cls, value: Any) -> Any:
        later = next((name for name in LATER if isinstance(value, dict) and name in value), None)
        if later is not None:
            raise ValueError(f"{later} is not supported by this version of kvmon: name an Agent with dogstatsd")
        return value
