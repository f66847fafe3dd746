"""Prometheus' HTTP API over the window."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from kvmon.judge.promql import Labelset
from kvmon.model.metrics.sample import Sample
from kvmon.tell.server.app import make_app
from tests.tell import examples
from tests.tell.server.seen import Seen, seen

T0 = 1_700_000_000


def filled() -> Seen:
    view = seen()
    of = examples.node()
    for tick in range(21):
        at = (T0 + 15 * tick) * 1000
        view.window.append(of.key, at, [*examples.samples()[1:], Sample(examples.UP, float(tick % 2))], of)
    twins = [(Labelset.of({"__name__": name, "x": "1"}).pairs, 1.0) for name in ("one", "two")]
    view.window.put("twins", T0 * 1000, twins)
    return view


async def ask(
    path: str, view: Seen | None = None, *, post: bool = False, more: Mapping[str, object] | None = None, **parameters: object
) -> tuple[int, Any]:
    given = {name: str(value) for name, value in {**parameters, **(more or {})}.items()}
    async with TestClient(TestServer(make_app(view or filled()))) as client:
        url = f"/api/v1/{path}"
        response = await (client.post(url, data=given) if post else client.get(url, params=given))
        return response.status, await response.json()


@pytest.mark.parametrize("post", [False, True])
async def test_a_moment(post: bool) -> None:
    status, body = await ask("query", query='redis_up{target="sessions"}', time=T0 + 300.5, post=post)
    metric = {"__name__": "redis_up", "target": "sessions", "instance": "cache.example.net:6379"}
    assert (status, body) == (
        200,
        {"status": "success", "data": {"resultType": "vector", "result": [{"metric": metric, "value": [T0 + 300.500, "0"]}]}},
    )


@pytest.mark.parametrize("post", [False, True])
async def test_over_time(post: bool) -> None:
    status, body = await ask("query_range", query="sum(redis_up)", start=T0, end=T0 + 30, step="15s", post=post)
    assert status == 200
    values = [[T0, "0"], [T0 + 15, "1"], [T0 + 30, "0"]]
    assert body["data"] == {"resultType": "matrix", "result": [{"metric": {}, "values": values}]}


@pytest.mark.parametrize(
    ("query", "kind", "value"),
    [
        ("1e-7", "scalar", "1e-07"),
        ("1e21", "scalar", "1e+21"),
        ("123456789012345678901", "scalar", "123456789012345680000"),
        ("-0 * 1", "scalar", "-0"),
        ("1 / 0", "scalar", "+Inf"),
        ("0 / 0", "scalar", "NaN"),
        ('"größe"', "string", "größe"),
    ],
)
async def test_values_are_written_as_prometheus_writes_them(query: str, kind: str, value: str) -> None:
    _, body = await ask("query", query=query, time=T0)
    assert body["data"] == {"resultType": kind, "result": [T0, value]}


@pytest.mark.parametrize(
    ("path", "parameters", "error"),
    [
        ("query", {"query": "sum("}, 'invalid parameter "query": unclosed left parenthesis'),
        ("query", {"query": "up", "time": "x"}, 'invalid parameter "time": invalid time value for \'time\': cannot parse "x"'),
        ("query", {"query": "up", "limit": "-1"}, 'invalid parameter "limit": limit must be non-negative'),
        ("query", {"query": "up", "timeout": "x"}, 'invalid parameter "timeout": cannot parse "x" to a valid duration'),
        ("query_range", {"query": "up"}, 'invalid parameter "start": cannot parse "" to a valid timestamp'),
        ("query_range", {"query": "up", "start": 5, "end": 4, "step": 1}, "end timestamp must not be before start time"),
        ("query_range", {"query": "up", "start": 5, "end": 6, "step": 0}, "zero or negative query resolution step widths"),
        ("query_range", {"query": "up", "start": 0, "end": 11001, "step": 1}, "exceeded maximum resolution of 11,000 points"),
        ("query_range", {"query": "up[1m]", "start": 0, "end": 1, "step": 1}, 'invalid expression type "range vector"'),
        ("series", {}, "no match[] parameter provided"),
        ("series", {"match[]": "sum(up)"}, 'invalid parameter "match[]"'),
        ("labels", {"match[]": '{a=~".*"}'}, "match[] must contain at least one non-empty matcher"),
    ],
)
async def test_what_is_wrong_with_a_request(path: str, parameters: dict[str, Any], error: str) -> None:
    status, body = await ask(path, **parameters)
    assert status == 400
    assert (body["status"], body["errorType"]) == ("error", "bad_data")
    assert error in body["error"]


async def test_what_goes_wrong_in_an_evaluation() -> None:
    status, body = await ask("query", query='{x="1"} + 1', time=T0)
    assert status == 422
    error = "vector cannot contain metrics with the same labelset"
    assert body == {"status": "error", "errorType": "execution", "error": error}


async def test_remarks_come_beside_the_data() -> None:
    _, body = await ask("query", query="quantile(2, rate(redis_up[1m]))", time=T0 + 300)
    assert body["warnings"] == ["PromQL warning: quantile value should be between 0 and 1, got 2 (1:10)"]
    ending = 'metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "redis_up" (1:18)'
    assert body["infos"] == [f"PromQL info: {ending}"]


async def test_a_query_that_takes_too_long_is_ended() -> None:
    view = filled()

    class Hasty:
        def __init__(self) -> None:
            self.now = 0.0

        def monotonic(self) -> float:
            self.now += 0.1
            return self.now

        def time(self) -> float:
            return float(T0)

    view.clock = Hasty()
    status, body = await ask("query_range", view, query="redis_up", start=T0, end=T0 + 10_000, step=1, timeout="1s")
    assert status == 503
    assert body == {"status": "error", "errorType": "timeout", "error": "query timed out in expression evaluation"}


async def test_series_labels_and_values() -> None:
    _, series = await ask("series", more={"match[]": '{x="1"}'}, start=T0, end=T0 + 1)
    assert series["data"] == [{"__name__": "one", "x": "1"}, {"__name__": "two", "x": "1"}]
    _, later = await ask("series", more={"match[]": '{x="1"}'}, start=T0 + 1, end=T0 + 2)
    assert later["data"] == []
    _, names = await ask("labels", more={"match[]": "redis_up"})
    assert names["data"] == ["__name__", "instance", "target"]
    _, values = await ask("label/__name__/values", limit=2)
    assert values["data"] == ["kvmon_proper_seconds", "kvmon_proper_seconds_count"]
    assert values["warnings"] == ["results truncated due to limit"]


async def test_who_we_are() -> None:
    _, body = await ask("status/buildinfo")
    assert body["data"]["version"].startswith("3.")
    assert body["data"]["revision"] == "kvmon 0.1.0"
    _, metadata = await ask("metadata", metric="redis_up")
    assert metadata["data"]["redis_up"][0]["type"] == "gauge"


async def test_others_run_while_a_long_query_does() -> None:
    view = filled()
    turns = 0
    done = False

    async def others() -> None:
        nonlocal turns
        while not done:
            turns += 1
            await asyncio.sleep(0)

    beside = asyncio.create_task(others())
    await ask("query_range", view, query="sum by (target) (redis_up)", start=T0, end=T0 + 5000, step=1)
    done = True
    await beside
    assert turns > 5


async def test_what_grafana_asks_to_see_whether_a_data_source_is_well() -> None:
    """Save & test: one plus one as a form, who it is, whether it has rules; then what its editor of queries lists."""
    view = filled()
    status, body = await ask("query", view, query="1+1", time=4, post=True)
    assert (status, body) == (200, {"status": "success", "data": {"resultType": "scalar", "result": [4, "2"]}})
    status, body = await ask("status/buildinfo", view)
    assert status == 200
    assert body["data"]["version"].startswith("3.")
    status, body = await ask("rules", view)
    assert (status, body["data"]) == (200, {"groups": []})
    span = {"start": T0, "end": T0 + 300}
    status, body = await ask("label/__name__/values", view, more=span)
    assert (status, "redis_up" in body["data"]) == (200, True)
    for path, parameters in (("labels", span), ("series", {**span, "match[]": "redis_up"})):
        for post in (False, True):
            status, body = await ask(path, view, post=post, more=parameters)
            assert (status, bool(body["data"])) == (200, True), path
    status, body = await ask("metadata", view, limit=5, limit_per_metric=1)
    assert (status, len(body["data"])) == (200, 5)
    assert all(len(each) == 1 for each in body["data"].values())
    status, body = await ask("query_exemplars", view, query="redis_up", more=span)
    assert (status, body["data"]) == (200, [])
