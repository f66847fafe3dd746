"""`/api/v1/series`, `/api/v1/labels` and `/api/v1/label/NAME/values`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from aiohttp import web

from kvmon.judge.promql import Labels
from kvmon.judge.promql.source import Readable
from kvmon.judge.promql.tree import Match, Matcher
from kvmon.judge.promql.work import Work, ordered, parts
from kvmon.tell.server.keys import VIEW
from kvmon.tell.server.prometheus import parameters as given
from kvmon.tell.server.prometheus.envelope import Answer, Parameters, enveloped
from kvmon.tell.server.prometheus.parameters import Wrong
from kvmon.tell.server.prometheus.values import metric

EVERYTHING = (Matcher("__name__", Match.UNEQUAL, ""),)

T = TypeVar("T")


@enveloped
async def series(request: web.Request, parameters: Parameters) -> Answer:
    """The labels of the series that fulfil one of `match[]` and have a sample between `start` and `end`."""
    if "match[]" not in parameters:
        raise Wrong("no match[] parameter provided")
    run = request.app[VIEW].pace.run
    found = await run(ordered(list(await _found(request, parameters)), lambda labels: labels))
    kept, warnings = _limited(found, given.limit(parameters))
    return Answer(["[", ",".join(await run(_encoded(kept))), "]"], warnings)


@enveloped
async def labels(request: web.Request, parameters: Parameters) -> Answer:
    """The names of labels."""
    found = list(await _found(request, parameters))
    names = await request.app[VIEW].pace.run(_gathered(found, lambda pairs: [name for name, _ in pairs]))
    return _texts(sorted(names), given.limit(parameters))


@enveloped
async def values(request: web.Request, parameters: Parameters) -> Answer:
    """The values of a label."""
    wanted = request.match_info["name"]
    found = list(await _found(request, parameters))
    texts = await request.app[VIEW].pace.run(_gathered(found, lambda pairs: [value for name, value in pairs if name == wanted]))
    return _texts(sorted(texts), given.limit(parameters))


def _encoded(found: Sequence[Labels]) -> Work[list[str]]:
    pieces: list[str] = []
    for part in parts(found):
        pieces += [metric(labels) for labels in part]
        yield
    return pieces


def _gathered(found: Sequence[Labels], take: Callable[[Labels], Iterable[str]]) -> Work[set[str]]:
    texts: set[str] = set()
    for part in parts(found):
        texts.update(text for pairs in part for text in take(pairs))
        yield
    return texts


def _texts(texts: Sequence[str], limit: int) -> Answer:
    kept, warnings = _limited(texts, limit)
    return Answer([json.dumps(kept, ensure_ascii=False, separators=(",", ":"))], warnings)


def _limited(found: Sequence[T], limit: int) -> tuple[Sequence[T], Sequence[str]]:
    return (found[:limit], ["results truncated due to limit"]) if 0 < limit < len(found) else (found, ())


async def _found(request: web.Request, parameters: Parameters) -> set[Labels]:
    view = request.app[VIEW]
    window = view.window
    now = round(view.clock.time() * 1000)
    start, end = given.moment(parameters, "start", 0), given.moment(parameters, "end", now)
    selections = given.selectors(parameters) or [EVERYTHING]
    chosen = [await view.pace.run(window.select(matchers, start, end)) for matchers in selections]
    return await view.pace.run(_there(chosen, start, end))


def _there(chosen: Iterable[Sequence[Readable]], start: int, end: int) -> Work[set[Labels]]:
    found: set[Labels] = set()
    for columns in chosen:
        for part in parts(columns):
            found.update([column.labels.pairs for column in part if column.span(start - 1, end)[0]])
            yield
    return found
