"""`/health/TARGET` where the target is probed: breakers answer, and canaries tell the lag."""

from __future__ import annotations

from dataclasses import replace

from kvmon.model.evidence import Verdicts
from kvmon.tell.server.view import Member, Topology
from tests.tell.server.test_breakers import CLOSED, OPEN
from tests.tell.server.test_server import get, replicated


async def test_breakers_answer_where_they_know() -> None:
    view = replicated()
    view.judged = Verdicts("e", 3, [replace(each, target="pair") for each in (CLOSED, OPEN)])
    assert (await get(view, "/health/pair?op=read"))[0].status == 200
    response, text = await get(view, "/health/pair?op=write")
    assert (response.status, "The write breaker is open: oom." in text) == (503, True)
    view.clock.advance(3600)
    assert (await get(view, "/health/pair?op=read"))[0].status == 200, "polls are old, probes are not"
    view.judged = Verdicts("e", 4, [replace(CLOSED, target="pair", state="unknown")])
    assert (await get(view, "/health/pair?op=read"))[0].status == 503, "where they know nothing polls answer"
    shadow = replace(OPEN, target="pair", mode="shadow", advice="allow", permit_ratio=1.0)
    view.judged = Verdicts("e", 5, [shadow])
    assert (await get(view, "/health/pair?op=write"))[0].status == 503, "it cannot be written, whatever is allowed"


async def test_a_question_about_a_shard() -> None:
    view = replicated()
    first, second = view.known[0].nodes
    view.shape = Topology("cluster", (Member(first, "one", ((0, 9),)), Member(second, "two", ((10, 16383),))))
    shards = [replace(CLOSED, target="pair", shard="one"), replace(OPEN, target="pair", op="read", shard="two")]
    view.judged = Verdicts("e", 3, shards)
    assert (await get(view, "/health/pair?shard=one"))[0].status == 200
    response, text = await get(view, "/health/pair?shard=two")
    assert (response.status, "of the shard two" in text) == (503, True)
    assert (await get(view, "/health/pair"))[0].status == 503
    assert (await get(view, "/health/pair?shard=three"))[0].status == 404


async def test_the_canary_of_a_replica_tells_its_lag() -> None:
    view = replicated()
    view.behind = {"b:6379": 0.0}
    assert (await get(view, "/health/pair?max_lag=500ms"))[0].status == 200, "INFO knows whole seconds only"
    view.behind = {"b:6379": 7.5}
    response, text = await get(view, "/health/pair?max_lag=2s")
    assert (response.status, "b:6379 is 7.5 seconds behind" in text) == (503, True)
    broken = replicated(master_link_status="down")
    broken.behind = {"b:6379": 0.0}
    assert (await get(broken, "/health/pair?max_lag=2s"))[0].status == 503
