"""`/api/v1/series`, `/api/v1/labels` and `/api/v1/label/NAME/values`."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import TypeVar

from aiohttp import web

from kvmon.judge.promql import Labels
from kvmon.judge.promql.source import Readable
from kvmon.judge.promql.tree import Match, Matcher
from kvmon.judge.promql.work import Work
from kvmon.tell.server.keys import VIEW
from kvmon.tell.server.prometheus import parameters as given
from kvmon.tell.server.prometheus.envelope import Answer, Parameters, enveloped
from kvmon.tell.server.prometheus.parameters import Wrong
from kvmon.tell.server.prometheus.values import metric

EVERYTHING = (Matcher("__name__", Match.UNEQUAL, ""),)
PART = 500

T = TypeVar("T")


@enveloped
async def series(request: web.Request, parameters: Parameters) -> Answer:
    """The labels of the series that fulfil one of `match[]` and have a sample between `start` and `end`."""
    if "match[]" not in parameters:
        raise Wrong("no match[] parameter provided")
    found = sorted(await _found(request, parameters))
    kept, warnings = _limited(found, given.limit(parameters))
    return Answer(["[", ",".join(metric(labels) for labels in kept), "]"], warnings)


@enveloped
async def labels(request: web.Request, parameters: Parameters) -> Answer:
    """The names of labels."""
    names = {name for pairs in await _found(request, parameters) for name, _ in pairs}
    return _texts(sorted(names), given.limit(parameters))


@enveloped
async def values(request: web.Request, parameters: Parameters) -> Answer:
    """The values of a label."""
    wanted = request.match_info["name"]
    found = {value for pairs in await _found(request, parameters) for name, value in pairs if name == wanted}
    return _texts(sorted(found), given.limit(parameters))


def _texts(texts: Sequence[str], limit: int) -> Answer:
    kept, warnings = _limited(texts, limit)
    return Answer([json.dumps(kept, ensure_ascii=False, separators=(",", ":"))], warnings)


def _limited(found: Sequence[T], limit: int) -> tuple[Sequence[T], Sequence[str]]:
    return (found[:limit], ["results truncated due to limit"]) if 0 < limit < len(found) else (found, ())


async def _found(request: web.Request, parameters: Parameters) -> set[Labels]:
    view = request.app[VIEW]
    now = round(view.clock.time() * 1000)
    start, end = given.moment(parameters, "start", 0), given.moment(parameters, "end", now)
    selections = given.selectors(parameters) or [EVERYTHING]
    window = view.window
    chosen = [await view.pace.run(window.select(matchers, start, end)) for matchers in selections]
    return await view.pace.run(_there(chosen, start, end))


def _there(chosen: Iterable[Sequence[Readable]], start: int, end: int) -> Work[set[Labels]]:
    found: set[Labels] = set()
    for columns in chosen:
        for place, column in enumerate(columns):
            if column.span(start - 1, end)[0]:
                found.add(column.labels.pairs)
            if place % PART == 0:
                yield
    return found
