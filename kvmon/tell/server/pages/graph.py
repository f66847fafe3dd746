"""`/graph`: where an alert's link leads. What its rule asks, what that comes to now, and which of its alerts there are."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from aiohttp import web

from kvmon.errors import PromqlError
from kvmon.tell.server.keys import VIEW
from kvmon.tell.server.pages.alarms import alarms
from kvmon.tell.server.pages.fleet import count
from kvmon.tell.server.pages.lists import SHOWN
from kvmon.tell.server.pages.rendering import page

if TYPE_CHECKING:
    from kvmon.judge.promql import Result

LONGEST = 10_000
"""Characters of an expression."""

MOST_SAMPLES = 1_000_000
SECONDS = 5.0
"""What a look at a page may cost."""


async def graph(request: web.Request) -> web.Response:
    """For an expression as Prometheus' links name it, `g0.expr`."""
    view = request.app[VIEW]
    text = request.query.get("g0.expr", "")[:LONGEST].strip()
    names = {rule.name for status in view.rules() for rule in status.group.rules if rule.alerts and rule.query.text == text}
    ringing = alarms(view)
    rows: list[tuple[dict[str, str], str]] = []
    error = ""
    if text:
        try:
            rows = _rows(await _result(request, text))
        except PromqlError as problem:
            error = str(problem)
    return await page(
        request, "graph.html", expression=text, rules=sorted(names), rows=rows[:SHOWN], total=len(rows), error=error,
        alarms=[alarm for alarm in ringing if alarm.name in names][:SHOWN], notifies=view.notifier() is not None,
        ringing=count(ringing),
    )  # fmt: skip


async def _result(request: web.Request, text: str) -> Result:
    # Here, as who looks at other pages only does not load PromQL.
    from kvmon.judge.promql import instant_work, parse

    view = request.app[VIEW]
    window = view.window  # before the time is taken: the first question makes it begin
    engine = replace(view.engine, most=MOST_SAMPLES)
    work = instant_work(parse(text), window, round(view.clock.time() * 1000), engine)
    return await view.pace.run(work, timeout=SECONDS)


def _rows(result: Result) -> list[tuple[dict[str, str], str]]:
    from kvmon.judge.promql import Scalar, Vector
    from kvmon.judge.templates.numbers import general

    match result.value:
        case Vector():
            return [(dict(point.labels), general(point.value)) for point in result.value]
        case Scalar():
            return [({}, general(result.value.value))]
    return []
