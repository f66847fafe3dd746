"""`/api/v1/query` and `/api/v1/query_range`."""

from __future__ import annotations

from dataclasses import replace

from aiohttp import web

from kvmon.errors import PromqlError
from kvmon.judge.promql import Engine, Matrix, Result, Vector, instant_work, ranged_work
from kvmon.tell.server.keys import VIEW
from kvmon.tell.server.prometheus import parameters as given
from kvmon.tell.server.prometheus.envelope import Answer, Parameters, enveloped
from kvmon.tell.server.prometheus.parameters import Wrong, invalid
from kvmon.tell.server.prometheus.values import encoded

MOST_POINTS = 11_000
"""Steps of a query over time."""

MOST_SAMPLES = 5_000_000
"""Samples that one query may look at: a tenth of Prometheus' limit, as there is a tenth of its history."""

SHARE = 0.8
"""Of a request's time that its query may take: the rest is for the answer."""


@enveloped
async def query(request: web.Request, parameters: Parameters) -> Answer:
    """A query at a moment; now unless `time` says another."""
    view = request.app[VIEW]
    limit = given.limit(parameters)
    window = view.window  # before the time is taken: the first question makes it begin
    at = given.moment(parameters, "time", round(view.clock.time() * 1000))
    timeout, engine = _limits(request, parameters)
    work = instant_work(given.query(parameters), window, at, engine)
    return await _answer(request, await view.pace.run(work, timeout=timeout), limit)


@enveloped
async def query_range(request: web.Request, parameters: Parameters) -> Answer:
    """A query at every `step` from `start` to `end`."""
    view = request.app[VIEW]
    limit = given.limit(parameters)
    start, end = given.moment(parameters, "start"), given.moment(parameters, "end")
    if end < start:
        raise invalid("end", "end timestamp must not be before start time")
    step = given.duration(parameters, "step")
    if step <= 0:
        raise invalid("step", "zero or negative query resolution step widths are not accepted. Try a positive integer")
    if (end - start) // step > MOST_POINTS:
        raise Wrong("exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)")
    timeout, engine = _limits(request, parameters)
    try:
        work = ranged_work(given.query(parameters), view.window, start, end, step, engine)
        result = await view.pace.run(work, timeout=timeout)
    except PromqlError as error:
        raise invalid("query", error) from None
    return await _answer(request, result, limit)


def _limits(request: web.Request, parameters: Parameters) -> tuple[float, Engine]:
    """Seconds that the query may take, and how it is evaluated."""
    timeout = request.app[VIEW].options.request_timeout * SHARE
    if given.first(parameters, "timeout"):
        timeout = min(timeout, given.duration(parameters, "timeout") / 1000)
    engine = replace(request.app[VIEW].engine, most=MOST_SAMPLES)
    lookback = given.duration(parameters, "lookback_delta") if given.first(parameters, "lookback_delta") else 0
    return timeout, replace(engine, lookback=lookback) if lookback > 0 else engine


async def _answer(request: web.Request, result: Result, limit: int) -> Answer:
    warnings = list(result.warnings)
    value = result.value
    if limit and isinstance(value, Vector | Matrix) and len(value) > limit:
        value = type(value)(value[:limit])  # type: ignore[arg-type]
        warnings.append("results truncated due to limit")
    pieces = await request.app[VIEW].pace.run(encoded(Result(value)))
    return Answer(pieces, warnings, result.infos)
