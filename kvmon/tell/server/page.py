"""The pages for people: all targets, and one; they refresh themselves without scripts."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from aiohttp import web

from kvmon.options import format_duration
from kvmon.tell.server.advice import advice
from kvmon.tell.server.keys import VIEW, named_target
from kvmon.tell.server.state import NodeState, states
from kvmon.tell.server.timestamps import timestamp

if TYPE_CHECKING:
    from jinja2 import Environment

DASH = "\N{EN DASH}"
UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


@cache
def _templates() -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    made = Environment(
        loader=PackageLoader("kvmon.tell.server"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(bytes=bytes_text, ratio=ratio_text, number=number_text, ago=ago_text, time=timestamp)
    made.globals["advice"] = advice
    return made


def bytes_text(value: float | None) -> str:
    """1572864 as `1.5 MiB`; a dash for None."""
    if value is None:
        return DASH
    for unit in UNITS:
        if value < 1024 or unit == UNITS[-1]:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    return DASH


def ratio_text(value: float | None) -> str:
    """0.987 as `98.7 %`; a dash for None."""
    return DASH if value is None else f"{100 * value:.1f} %"


def number_text(value: float | None) -> str:
    """12345 as `12 345`, with a narrow space; a dash for None."""
    return DASH if value is None else f"{value:,.0f}".replace(",", "\u202f")


def ago_text(seconds: float) -> str:
    """A duration in its two largest units, whole: `3d4h`."""
    whole = max(0, round(seconds))
    for unit in (86_400, 3600, 60):
        if whole >= unit * 24:
            whole -= whole % unit
            break
    return format_duration(float(whole))


async def overview(request: web.Request) -> web.Response:
    """All targets; what is down comes first."""
    view = request.app[VIEW]
    rows = [state for target in view.targets() for state in states(view, target)]
    rows.sort(key=lambda state: ("down", "unknown", "up").index(state.status))
    return _page(request, "overview.html", rows=rows, counts=_counts(rows))


def _counts(rows: list[NodeState]) -> dict[str, int]:
    return {word: sum(state.status == word for state in rows) for word in ("up", "down", "unknown")}


async def target(request: web.Request) -> web.Response:
    """One target, its nodes and its slow commands."""
    view = request.app[VIEW]
    found = named_target(request, request.match_info["target"])
    return _page(request, "target.html", target=found, rows=states(view, found), slow=view.slow_commands(found)[:20])


def _page(request: web.Request, template: str, **values: object) -> web.Response:
    view = request.app[VIEW]
    text = _templates().get_template(template).render(now=view.clock.time(), started=view.started, version=view.version, **values)
    headers = {"Refresh": f"{max(1, round(view.options.refresh))}"}
    return web.Response(text=text, content_type="text/html", charset="utf-8", headers=headers)


async def style(request: web.Request) -> web.Response:  # noqa: ARG001 - a handler takes its request
    """The one style sheet."""
    return web.Response(text=_templates().get_template("kvmon.css").render(), content_type="text/css", charset="utf-8")
