"""Options of the recent history."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from kvmon.options import Bytes, Options, Seconds, size


class WindowOptions(Options):
    """The recent history that rules and `/api/v1` read, as a Prometheus that scrapes `/metrics` would hold it."""

    start: Literal["asked", "now"] = "asked"
    """When it begins: with rules, or else when `/api/v1` is `asked` the first time; `now`: with the daemon."""
    retention: Annotated[Seconds, Field(ge=300)] = 3600.0
    """How far back it goes. Rules that look further back keep the series that they select for longer."""
    memory: Bytes = size("256MiB")
    """What it may take; beyond it the oldest is forgotten, and `kvmon_window_seconds` says how much is left."""
    job: Annotated[str, Field(min_length=1)] = "kvmon"
    """The label `job` of its series: that of the job which scrapes kvmon, so that rules are the same there and here."""
    instance: Annotated[str, Field(min_length=1)] | None = None
    """The label `instance` of the daemon's own series: that of the Prometheus which scrapes it; default: `listen`."""
    delayed_name_removal: bool = False
    """Whether queries and rules drop names of metrics at their end, as with Prometheus' flag `promql-delayed-name-removal`."""
