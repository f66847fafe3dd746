"""The section `alerting` of kvmon's file. What `alertmanager.yml` may hold is read only where there is one."""

from __future__ import annotations

from typing import Annotated, Any, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, PlainSerializer, model_validator

from kvmon.options import Options

INLINE = ("global", "route", "receivers", "inhibit_rules", "time_intervals", "mute_time_intervals", "templates")
"""Keys of Alertmanager's format that may stand in the section itself."""


def _alertmanager(text: str) -> str:
    try:
        parts = urlsplit(text)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        good = False
    if not good or parts.query or parts.fragment:
        raise ValueError("it is no URL of an Alertmanager: write http://HOST:9093, or https://HOST/PREFIX")
    return text


def without_password(url: str) -> str:
    """A URL that may be shown."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


AlertmanagerUrl = Annotated[str, AfterValidator(_alertmanager), PlainSerializer(without_password, return_type=str)]


def _hidden(value: dict[str, Any] | tuple[Any, ...] | None) -> str | None:
    # What stands there may hold secrets that only the format's own model knows.
    return None if not value else "<as in the file>"


Inline = Annotated[dict[str, Any], PlainSerializer(_hidden, return_type=str | None)]
InlineList = Annotated[tuple[dict[str, Any], ...], PlainSerializer(_hidden, return_type=str | None)]


class AlertingOptions(Options):
    """Where alerts go: to Alertmanagers, to receivers of one's own, or both."""

    alertmanagers: tuple[AlertmanagerUrl, ...] = ()
    """URLs of Alertmanagers; every one is told every alert, as Prometheus does. Name all replicas, no load balancer."""
    config_file: Annotated[str, Field(min_length=1)] | None = None
    """Notify by oneself, as this `alertmanager.yml` says."""
    external_url: Annotated[str, AfterValidator(_alertmanager)] | None = None
    """Where this kvmon is seen from outside, for links in notifications; default: `http://` and `listen`."""
    global_: Inline = Field(default_factory=dict, alias="global")
    """With `route`: what `alertmanager.yml` would hold, in place of the file."""
    route: Inline = Field(default_factory=dict)
    """Alertmanager's tree of routes."""
    receivers: InlineList = ()
    """Alertmanager's receivers."""
    inhibit_rules: InlineList = ()
    """Alertmanager's rules of inhibition."""
    time_intervals: InlineList = ()
    """When routes are muted, or active."""
    mute_time_intervals: InlineList = ()
    """The same under its name of old."""
    templates: tuple[str, ...] = ()
    """Files of templates that texts of receivers include, by patterns."""

    @model_validator(mode="after")
    def _one(self) -> Self:
        inline = [name for name in INLINE if getattr(self, f"{name}_" if name == "global" else name)]
        if inline and self.config_file is not None:
            raise ValueError(f"config_file and {inline[0]} say the same thing: keep one")
        if inline and "route" not in inline:
            raise ValueError(f"{inline[0]} needs a route beside it")
        return self
