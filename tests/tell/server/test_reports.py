"""Reports and overrides over HTTP: what is taken, and what is refused, counted and without effect."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from pydantic import SecretStr

from kvmon.model.evidence import Outcome, Verdicts
from kvmon.tell.server.bodies import LIMIT
from tests.tell.server.seen import Seen, seen
from tests.tell.server.test_breakers import OPEN
from tests.tell.server.test_server import door

TOKEN = {"Authorization": "Bearer 12345678"}
REPORT: dict[str, Any] = {
    "reporter": "app-1",
    "batch": "1",
    "window_ms": 500,
    "outcomes": [{"target": "sessions", "op": "write", "class": "timeout", "count": 3, "latency_ms_sum": 2400.5}],
}
DECISION = {"state": "forced_open", "ttl": "10m", "reason": "upgrade", "by": "me"}
OVERRIDE = "/v1/breakers/sessions/write/override"


def view() -> Seen:
    made = seen(tokens=(SecretStr("12345678"),))
    made.judged = Verdicts("boot", 7, [OPEN])
    return made


def counted(made: Seen) -> dict[tuple[str, str], float]:
    return {(sample.spec.name, sample.labels[0]): sample.value for sample in made.inbox.samples()}


async def test_a_report_is_taken_once() -> None:
    made = view()
    async with door(made) as client:
        first = await client.post("/v1/reports", json=REPORT, headers=TOKEN)
        assert (first.status, await first.json()) == (202, {"accepted": 3, "breakers": []})
        again = await client.post("/v1/reports", json=REPORT, headers=TOKEN)
        assert (again.status, await again.json()) == (202, {"accepted": 0, "breakers": []})
        other = await client.post("/v1/reports", json={**REPORT, "reporter": "app-2"}, headers=TOKEN)
        assert (await other.json())["accepted"] == 3, "batches are each reporter's own"
    (report, _) = made.reported
    assert (report.reporter, report.window) == ("app-1", 0.5)
    assert report.outcomes == (Outcome("sessions", "write", "", "timeout", 3, 2400.5),)
    assert counted(made) == {
        ("kvmon_breaker_reports_total", "accepted"): 2, ("kvmon_breaker_reports_total", "duplicate"): 1,
    }  # fmt: skip


async def test_whose_own_calls_fail_is_told_so_alone() -> None:
    made = view()
    made.alone = [replace(OPEN, state="closed", advice="limit", permit_ratio=0.0, reporter="app-1", reason_class="timeout")]
    async with door(made) as client:
        answer = await (await client.post("/v1/reports", json=REPORT, headers=TOKEN)).json()
        assert [(found["advice"], found["reporter"]) for found in answer["breakers"]] == [("limit", "app-1")]
        again = await (await client.post("/v1/reports", json=REPORT, headers=TOKEN)).json()
        assert again["breakers"] == answer["breakers"]
        for query, advice in (("?reporter=app-1", "limit"), ("?reporter=app-2", "deny"), ("", "deny")):
            response = await client.get(f"/v1/breakers/sessions/write{query}", headers={"If-None-Match": "*"})
            assert response.status == (200 if query == "?reporter=app-1" else 304)
            response = await client.get(f"/v1/breakers/sessions/write{query}")
            assert (await response.json())["breakers"][0]["advice"] == advice
        allowed = await client.get("/v1/breakers/sessions/write/allow?reporter=app-1")
        assert (allowed.status, allowed.headers["Kvmon-State"]) == (503, "closed")


@pytest.mark.parametrize(
    ("body", "headers", "status", "result"),
    [
        (REPORT, {}, 401, "denied"),
        (REPORT, {"Authorization": "Bearer wrong"}, 401, "denied"),
        (REPORT, {**TOKEN, "Origin": "http://evil.example"}, 403, "denied"),
        ({**REPORT, "outcomes": [{**REPORT["outcomes"][0], "count": 0}]}, TOKEN, 400, "invalid"),
        ({**REPORT, "outcomes": [{**REPORT["outcomes"][0], "count": 10**9}]}, TOKEN, 400, "invalid"),
        ({**REPORT, "outcomes": [{**REPORT["outcomes"][0], "class": "Time out!"}]}, TOKEN, 400, "invalid"),
        ({**REPORT, "outcomes": [{**REPORT["outcomes"][0], "op": "delete"}]}, TOKEN, 400, "invalid"),
        ({**REPORT, "outcomes": [{**REPORT["outcomes"][0], "latency_ms_sum": float("inf")}]}, TOKEN, 400, "invalid"),
        ({**REPORT, "outcomes": [{**REPORT["outcomes"][0], "latency_ms_sum": float("nan")}]}, TOKEN, 400, "invalid"),
        ({**REPORT, "outcomes": [{**REPORT["outcomes"][0], "latency_ms_sum": -1.0}]}, TOKEN, 400, "invalid"),
        ({**REPORT, "window_ms": 60_001}, TOKEN, 400, "invalid"),
        ({**REPORT, "outcomes": REPORT["outcomes"] * 501}, TOKEN, 400, "invalid"),
        ({**REPORT, "reporter": ""}, TOKEN, 400, "invalid"),
        ({}, TOKEN, 400, "invalid"),
        ({**REPORT, "batch": "x" * LIMIT}, TOKEN, 413, "too_large"),
    ],
)
async def test_what_is_refused_is_counted_and_has_no_effect(body: Any, headers: dict[str, str], status: int, result: str) -> None:
    made = view()
    async with door(made) as client:
        response = await client.post("/v1/reports", json=body, headers=headers)
        assert response.status == status
        assert response.content_type == "application/problem+json"
        assert "12345678" not in await response.text()
    assert made.reported == []
    assert counted(made) == {("kvmon_breaker_reports_total", result): 1}


async def test_what_is_no_json_is_refused() -> None:
    made = view()
    async with door(made) as client:
        for body in (b"", b"{", b"\xff\xfe", b"[1]", b"null"):
            assert (await client.post("/v1/reports", data=body, headers=TOKEN)).status == 400
    assert made.reported == []


async def test_who_reports_too_often_is_slowed_down_alone() -> None:
    made = view()
    async with door(made) as client:

        async def send(reporter: str, batch: int) -> int:
            body = {**REPORT, "reporter": reporter, "batch": str(batch)}
            status: int = (await client.post("/v1/reports", json=body, headers=TOKEN)).status
            return status

        statuses = [await send("app-1", batch) for batch in range(25)]
        assert statuses == [202] * 20 + [429] * 5
        assert await send("app-2", 0) == 202
        made.clock.advance(1.0)
        assert await send("app-1", 100) == 202


async def test_a_person_decides_and_takes_it_back() -> None:
    made = view()
    async with door(made) as client:
        response = await client.put(OVERRIDE, json=DECISION, headers=TOKEN)
        assert response.status == 200
        assert [found["op"] for found in (await response.json())["breakers"]] == ["write"]
        override = made.decided["sessions", "write", ""]
        assert override is not None
        assert (override.mode, override.reason, override.by) == ("forced_open", "upgrade", "me")
        assert override.until == made.clock.time() + 600
        await client.put(f"{OVERRIDE}?shard=b", json={**DECISION, "state": "shadow"}, headers=TOKEN)
        assert ("sessions", "write", "b") in made.decided
        assert (await client.delete(OVERRIDE, headers=TOKEN)).status == 200
        assert (await client.delete(OVERRIDE, headers=TOKEN)).status == 404
    assert counted(made)["kvmon_breaker_overrides_total", "set"] == 2


@pytest.mark.parametrize(
    ("path", "change", "headers", "status"),
    [
        (OVERRIDE, {}, {}, 401),
        (OVERRIDE, {"ttl": None}, TOKEN, 400),
        (OVERRIDE, {"ttl": "600"}, TOKEN, 400),
        (OVERRIDE, {"ttl": "8d"}, TOKEN, 400),
        (OVERRIDE, {"state": "open"}, TOKEN, 400),
        (OVERRIDE, {"reason": ""}, TOKEN, 400),
        (OVERRIDE, {"by": "x" * 101}, TOKEN, 400),
        (OVERRIDE, {"by": "x" * LIMIT}, TOKEN, 413),
        (OVERRIDE, {}, {"Authorization": "Bearer wrong"}, 401),
        (OVERRIDE, {}, {**TOKEN, "Origin": "http://evil.example"}, 403),
        ("/v1/breakers/nobody/write/override", {}, TOKEN, 404),
        ("/v1/breakers/sessions/delete/override", {}, TOKEN, 404),
        ("/v1/breakers/jobs/write/override", {}, TOKEN, 409),
    ],
)
async def test_a_decision_that_is_refused_has_no_effect(
    path: str, change: dict[str, Any], headers: dict[str, str], status: int
) -> None:
    made = view()
    async with door(made) as client:
        response = await client.put(path, data=json.dumps({**DECISION, **change}), headers=headers)
        assert response.status == status
    assert ("sessions", "write", "") not in made.decided
    assert sum(counted(made).values()) == 1
