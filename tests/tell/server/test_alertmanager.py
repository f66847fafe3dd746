"""`/api/v2` where somebody asks for what cannot be."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from kvmon.clock import SystemClock
from kvmon.config.alerting import Alerting
from kvmon.tell.server.app import make_app
from tests.tell.notify.running import notice, routing_of, running
from tests.tell.server.pages.test_pages import alarmed, alert
from tests.tell.server.seen import seen

ROUTING = 'route: {receiver: "a"}\nreceivers: [{name: a}, {name: b}]\n'
SILENCE = {
    "matchers": [{"name": "alertname", "value": "A", "isRegex": False}], "startsAt": "2020-01-01T00:00:00Z",
    "endsAt": "2100-01-01T00:00:00.123456789Z", "createdBy": "me", "comment": "why",
}  # fmt: skip


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[TestClient[Any, Any]]:
    async with running(Alerting(routing=routing_of(ROUTING)), tmp_path) as loop:
        await loop.take([notice(1.0, ends_at=1e10, alertname="A")])
        view = replace(seen(), own_notifier=loop.notifier, clock=SystemClock())
        async with TestClient(TestServer(make_app(view))) as made:
            yield made


async def test_without_a_notifier_there_is_nothing() -> None:
    async with TestClient(TestServer(make_app(seen()))) as client:
        for path in ("alerts", "alerts/groups", "silences", "silence/x", "receivers", "status"):
            answer = await client.get(f"/api/v2/{path}")
            assert answer.status == 404
            assert "does not notify by itself" in (await answer.json())["detail"]


@pytest.mark.parametrize("query", ["filter=a~b", "filter=a%3D~(", "receiver=("])
async def test_a_question_that_is_none_is_refused(client: TestClient[Any, Any], query: str) -> None:
    assert (await client.get(f"/api/v2/alerts?{query}")).status == 400


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"matchers": []}, "matchers"), ({"endsAt": "tomorrow"}, "endsAt"), ({"endsAt": "2020-01-02T00:00:00Z"}, "in the past"),
        ({"matchers": [{"name": "a", "value": "(", "isRegex": True}]}, "regular expression"), ({"createdBy": None}, "createdBy"),
        ({"startsAt": "2020-01-01T00:00:00"}, "startsAt"),
    ],
)  # fmt: skip
async def test_a_silence_that_is_none_is_refused_with_a_sentence(
    client: TestClient[Any, Any], change: dict[str, Any], words: str
) -> None:
    answer = await client.post("/api/v2/silences", json={**SILENCE, **change})
    assert answer.status == 400
    assert words in await answer.json()
    assert (await client.post("/api/v2/silences", data=b"{")).status == 400
    assert await (await client.get("/api/v2/silences")).json() == []


async def test_a_silence_hides_what_it_silences(client: TestClient[Any, Any]) -> None:
    made = await (await client.post("/api/v2/silences", json=SILENCE)).json()
    shown = await (await client.get(f"/api/v2/silence/{made['silenceID']}")).json()
    assert (shown["status"]["state"], shown["endsAt"]) == ("active", "2100-01-01T00:00:00.123Z")
    assert await (await client.get("/api/v2/alerts?silenced=false")).json() == []
    (group,) = await (await client.get("/api/v2/alerts/groups?receiver=a")).json()
    assert group["alerts"][0]["status"]["silencedBy"] == [made["silenceID"]]
    assert await (await client.get("/api/v2/alerts/groups?receiver=b")).json() == []
    other = await client.post("/api/v2/silences", json={**SILENCE, "id": "no-such-id"})
    assert other.status == 404
    assert (await client.delete("/api/v2/silence/no-such-id")).status == 404
    foreign = await client.delete(f"/api/v2/silence/{made['silenceID']}", headers={"Origin": "http://elsewhere.example"})
    assert foreign.status == 403
    assert (await client.delete(f"/api/v2/silence/{made['silenceID']}")).status == 200
    assert json.loads(await (await client.get("/api/v2/receivers")).text()) == [{"name": "a"}, {"name": "b"}]


MUTED = """
route:
  receiver: a
  group_by: [alertname]
  routes:
  - {matchers: [alertname=A], mute_time_intervals: [always]}
  - {matchers: [alertname=B], mute_time_intervals: [always], continue: true}
  - {matchers: [alertname=B]}
receivers: [{name: a}]
time_intervals: [{name: always, time_intervals: [{}]}]
"""


async def test_groups_and_the_page_tell_what_is_muted_and_by_what(tmp_path: Path) -> None:
    async with running(Alerting(routing=routing_of(MUTED)), tmp_path) as loop:
        await loop.take([notice(1.0, ends_at=1e10, alertname=name) for name in "AB"])
        assert loop.notifier is not None
        view = replace(seen(), own_notifier=loop.notifier, clock=SystemClock())
        view.evaluated = alarmed(alert(alertname="A"), alert(alertname="B"))
        async with TestClient(TestServer(make_app(view))) as client:
            groups = await (await client.get("/api/v2/alerts/groups")).json()
            told = [(one["labels"]["alertname"], one["status"]) for group in groups for one in group["alerts"]]
            assert [(name, status["state"], status["mutedBy"]) for name, status in told] == [
                ("A", "suppressed", ["always"]), ("B", "suppressed", ["always"]), ("B", "active", []),
            ]  # fmt: skip
            assert len(await (await client.get("/api/v2/alerts/groups?muted=false")).json()) == 1
            assert (await (await client.get("/alerts")).text()).count("muted by always") == 1, "B is told by its other route"
