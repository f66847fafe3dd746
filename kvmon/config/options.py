"""What may stand in a configuration file."""

from __future__ import annotations

import re
from importlib.util import find_spec
from typing import Annotated, Literal

from pydantic import AfterValidator, PlainValidator

from kvmon.config.discovery.options import CredentialRule, DiscoveryOptions
from kvmon.config.target_options import TargetOptions
from kvmon.config.urls import read_listen
from kvmon.config.values import PREFIX, File
from kvmon.diagnose.migration.options import MigrationOptions
from kvmon.judge.rules.options import RulesOptions
from kvmon.judge.window.options import WindowOptions
from kvmon.model.targets.address import parse_address
from kvmon.options import Options, Seconds
from kvmon.tell.notify.options import AlertingOptions
from kvmon.tell.server.options import Token
from kvmon.tell.sinks.datadog.options import DatadogOptions
from kvmon.watch.collectors import Collectors

Level = Literal["debug", "info", "warning", "error"]
Poll = Literal["scheduled", "on_scrape"]


def _control(text: str | None) -> str | None:
    if text is not None:
        parse_address(text)
        if ":" not in text.rpartition("]")[2]:
            raise ValueError(f"{text!r} has no port: write host:port")
    return text


def _event_loop(name: str) -> str:
    if name == "uvloop" and find_spec(name) is None:
        raise ValueError("uvloop is not installed: pip install 'kvmon[uvloop]'")
    return name


def _namespace(text: str) -> str:
    if not PREFIX.fullmatch(text):
        raise ValueError(f"{text!r} is no prefix for names of metrics: use letters, digits and underscore")
    return text


def _pattern(text: str) -> str:
    try:
        re.compile(text)
    except re.error as error:
        raise ValueError(f"{text!r} is no regular expression: {error.msg}") from None
    if not text:
        raise ValueError("it is empty and would match nothing")
    return text


class WebSection(Options):
    """Who may do what over HTTP."""

    tokens: tuple[Token, ...] = ()
    """Bearer tokens for what changes something (`POST /-/reload`), 8 characters or more; without any: the same machine.
    A token alone may do everything; a mapping with `scopes` says what it may."""
    config_file: File | None = None
    """TLS and users in the format of exporter-toolkit's `web.yml`."""


class LogOptions(Options):
    """What is logged, to stderr."""

    level: Level = "info"
    """The least important level that is shown."""
    format: Literal["json", "console"] = "json"
    """`json`: a line is a JSON object; `console`: for reading."""


class FileOptions(Options):
    """The whole file."""

    interval: Seconds = 15.0
    """Time between polls of a node."""
    timeout: Seconds = 3.0
    """Deadline of a poll."""
    poll: Poll = "scheduled"
    """`scheduled`: every node on a schedule of its own, and `/metrics` never waits. `on_scrape`: a request of `/metrics` polls
    what was not polled for half an interval, and waits; without requests every node is polled at half the rate."""
    targets: tuple[TargetOptions, ...] = ()
    """The backends to watch."""
    collectors: Collectors = Collectors()
    """For every target that does not say otherwise."""
    listen: Annotated[str, PlainValidator(read_listen, json_schema_input_type=str)] = "127.0.0.1:9121"
    """Where HTTP is served."""
    web: WebSection = WebSection()
    """Who may do what over HTTP."""
    event_loop: Annotated[Literal["asyncio", "uvloop"], AfterValidator(_event_loop)] = "asyncio"
    """Python's own event loop, or that of the package `kvmon[uvloop]`."""
    log: LogOptions = LogOptions()
    """What is logged."""
    datadog: DatadogOptions | None = None
    """Pushing to Datadog; default: not at all, unless `DD_DOGSTATSD_URL` is set."""
    alerting: AlertingOptions | None = None
    """Where alerts go; default: nowhere."""
    control: Annotated[str | None, AfterValidator(_control)] = None
    """`host:port` of something unrelated to the targets: where many of them fail at once, and it too, it is our network."""
    window: WindowOptions = WindowOptions()
    """The recent history that rules and `/api/v1` read."""
    rules: RulesOptions | None = None
    """Prometheus rule files that kvmon evaluates itself; default: none."""
    migration: MigrationOptions | None = None
    """Two targets of which the one is to take the other's place; default: none."""
    discovery: DiscoveryOptions | None = None
    """Documents that name targets; default: none."""
    credentials: tuple[CredentialRule, ...] = ()
    """Credentials by host or label, for targets that have none of their own."""
    shard: str | None = None
    """`2/5`: this process is the second of five that share the targets; `auto/5`: by the number at the end of the host's name."""
    state_dir: File | None = None
    """Folder for what has to survive a restart."""
    namespace: Annotated[str, AfterValidator(_namespace)] = "redis"
    """Prefix of the names that come from redis_exporter."""
    scrape_allow: tuple[Annotated[str, AfterValidator(_pattern)], ...] = ()
    """Regular expressions for the `host:port` of other nodes that `/scrape?target=` may ask; each has to match it whole."""
