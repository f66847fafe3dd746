"""A dashboard as rows of panels; each panel says what it shows, in which unit, and where it becomes alarming."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["timeseries", "stat", "table", "bargauge"]
Color = Literal["green", "yellow", "red", "blue"]

NODE = 'target=~"$target", instance=~"$instance"'
"""Selects what the variables at the top of a dashboard name."""

IT = 'target=~"$target"'
"""The same where a series is of a whole target."""


@dataclass(frozen=True, slots=True)
class Query:
    """An expression and what its series are called."""

    expression: str
    legend: str = "{{target}} {{instance}}"


@dataclass(frozen=True, slots=True)
class Panel:
    """`width` of 24 columns, `height` in Grafana's rows. `alarming` are (from which value on, colour), the first from the least.

    `mapping` gives words for values, `bounds` the ends of the axis. `runbook` names the alert whose runbook helps.
    """

    title: str
    about: str
    unit: str
    queries: tuple[Query, ...]
    kind: Kind = "timeseries"
    width: int = 8
    height: int = 8
    alarming: tuple[tuple[float | None, Color], ...] = ((None, "green"),)
    mapping: tuple[tuple[str, str, Color], ...] = ()
    bounds: tuple[float | None, float | None] = (0.0, None)
    stacked: bool = False
    runbook: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """Panels under one heading."""

    title: str
    panels: tuple[Panel, ...]
    collapsed: bool = False


@dataclass(frozen=True, slots=True)
class Dashboard:
    """`uid` is its address in Grafana and the name of its file. `by_node` gives it the variables for target and instance."""

    uid: str
    title: str
    about: str
    rows: tuple[Row, ...]
    by_node: bool = True


def graph(title: str, about: str, unit: str, *queries: Query | str, **more: object) -> Panel:
    """A time series; plain strings are expressions of which each node has one series."""
    return Panel(title, about, unit, _queries(queries), **more)  # type: ignore[arg-type] # Panel's own fields, by name


def number(title: str, about: str, unit: str, *queries: Query | str, **more: object) -> Panel:
    """Its last value, large."""
    return Panel(title, about, unit, _queries(queries), kind="stat", **{"width": 4, "height": 4, **more})  # type: ignore[arg-type] # as above


def table(title: str, about: str, unit: str, *queries: Query | str, **more: object) -> Panel:
    """The last values as a table, a row for each set of labels."""
    return Panel(title, about, unit, _queries(queries), kind="table", **{"width": 12, **more})  # type: ignore[arg-type] # as above


def _queries(given: tuple[Query | str, ...]) -> tuple[Query, ...]:
    return tuple(Query(each) if isinstance(each, str) else each for each in given)


UP = (("0", "DOWN", "red"), ("1", "up", "green"))
WORKS = (("0", "yes", "green"), ("1", "NO", "red"))
"""Words for a value that is 1 or 0; the latter is of a state that is bad."""

BAD_BELOW_ONE: tuple[tuple[float | None, Color], ...] = ((None, "red"), (1.0, "green"))
BAD_ABOVE_ZERO: tuple[tuple[float | None, Color], ...] = ((None, "green"), (1.0, "red"))
FILLING: tuple[tuple[float | None, Color], ...] = ((None, "green"), (0.8, "yellow"), (0.9, "red"))
"""For a share of a limit."""
