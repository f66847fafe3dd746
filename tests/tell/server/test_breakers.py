"""The documents of `/v1/breakers` from plain verdicts."""

from __future__ import annotations

import json
from dataclasses import replace

from kvmon.model.evidence import Verdict, Verdicts
from tests.tell.server.seen import Seen, seen
from tests.tell.server.test_server import door, get

OPEN = Verdict(
    target="sessions", op="write", shard="", state="open", advice="deny", permit_ratio=0.0, retry_after_ms=4200,
    since=1_700_000_000.0, generation=3, reason_class="oom", index=7, failures=2, last_outcome="oom", last_ok=None,
)  # fmt: skip
CLOSED = replace(OPEN, op="read", state="closed", advice="allow", permit_ratio=1.0, retry_after_ms=0, reason_class="", index=2)


def view() -> Seen:
    made = seen()
    made.judged = Verdicts("e", 7, [CLOSED, OPEN])
    return made


async def test_a_document_says_what_to_do_and_for_how_long_to_believe_it() -> None:
    response, text = await get(view(), "/v1/breakers/sessions/write")
    body = json.loads(text)
    assert (body["schema"], body["epoch"], body["index"], body["valid_for_ms"]) == ("kvmon.breakers/1", "e", 7, 10_000)
    (found,) = body["breakers"]
    assert (found["state"], found["advice"], found["retry_after_ms"], found["reason_class"]) == ("open", "deny", 4200, "oom")
    assert found["since"] == "2023-11-14T22:13:20.000Z"
    assert response.headers["Kvmon-Valid-For"] == "10000"


async def test_a_change_elsewhere_is_no_news() -> None:
    made = view()
    async with door(made) as client:
        first = await client.get("/v1/breakers/sessions/read")
        made.judged = Verdicts("e", 9, [CLOSED, replace(OPEN, index=9)])
        again = await client.get("/v1/breakers/sessions/read", headers={"If-None-Match": first.headers["ETag"]})
        other = await client.get("/v1/breakers", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status, other.status) == (304, 200)
    assert again.headers["Kvmon-Valid-For"] == "10000", "no news renews the lease"


async def test_allow_is_a_status() -> None:
    response, text = await get(view(), "/v1/breakers/sessions/write/allow")
    assert (response.status, text, response.headers["Retry-After"]) == (503, "deny\n", "5")
    assert response.headers["Kvmon-State"] == "open"
    response, text = await get(view(), "/v1/breakers/sessions/read/allow")
    assert (response.status, text) == (200, "allow\n")


async def test_of_several_shards_the_worst_answers() -> None:
    made = view()
    made.judged = Verdicts("e", 7, [replace(CLOSED, op="write", shard="a:1"), replace(OPEN, shard="b:1")])
    async with door(made) as client:
        worst = await client.get("/v1/breakers/sessions/write/allow")
        one = await client.get("/v1/breakers/sessions/write/allow?shard=a:1")
        none = await client.get("/v1/breakers/sessions/write/allow?shard=c:1")
    assert (worst.status, one.status, none.status) == (503, 200, 404)


async def test_what_is_not_probed_is_unknown_and_what_is_not_there_is_404() -> None:
    response, text = await get(view(), "/v1/breakers/jobs")
    assert [(found["op"], found["state"]) for found in json.loads(text)["breakers"]] == [
        ("read", "unknown"),
        ("write", "unknown"),
    ]
    for path in ("/v1/breakers/nobody", "/v1/breakers/jobs/delete", "/v1/breakers/jobs/delete/allow"):
        response, _ = await get(view(), path)
        assert response.status == 404
