"""Prometheus and kvmon answer the same requests with the same documents."""

from __future__ import annotations

import asyncio
import json
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from kvmon.judge.rules.groups import RuleState
from kvmon.judge.rules.rulefile import read_file
from kvmon.judge.rules.status import GroupStatus
from kvmon.judge.window.window import Window
from kvmon.tell.server.app import make_app
from tests.judge.promql.data import END, T0, given
from tests.judge.promql.prometheus import ask, prometheus, write
from tests.tell.server.seen import seen

S = T0 // 1000
MOMENT = {"time": S + 600}
SPAN = {"start": S, "end": S + 600}
STEPS = {**SPAN, "step": 60}

REQUESTS: tuple[tuple[str, dict[str, Any]], ...] = (
    *[("query", {"query": query, **MOMENT}) for query in (
        "up", "odd", "text", '"text"', "1", "-0 * 1", "up[1m]", "vector(1e-7)", "vector(0.00001)", "vector(1e21)",
        "vector(123456789012345678901)", '{__name__=~"red_total|blue_total"} + 1', "rate(memory_bytes[5m])", "nothing",
    )],
    *[("query", {"query": "up", "time": time}) for time in (
        S + 600.1239, "2023-11-14T22:20:20Z", "2023-11-14T22:20:20.123456Z", "2023-11-14T23:20:20+01:00", "abc",
    )],
    *[("query", {"query": "up", **MOMENT, name: value}) for name, value in (
        ("limit", 2), ("limit", -1), ("limit", "x"), ("timeout", "x"), ("timeout", "5s"), ("lookback_delta", "1m"),
    )],
    *[("query_range", {"query": query, **STEPS}) for query in ("up", "1", "up[1m]", '"text"', "session", "sum by (job) (up)")],
    *[("query_range", {"query": "up", **SPAN, "step": step}) for step in ("1m", "1m30s", "0", "-5", "x", "1.5m", "0.5")],
    ("query_range", {"query": "up", **SPAN}),
    ("query_range", {"query": "up", "end": S, "step": 1}),
    ("query_range", {"query": "up", "start": S, "step": 1}),
    ("query_range", {"query": "up", "start": S + 1, "end": S, "step": 1}),
    ("query_range", {"query": "up", "start": S, "end": S + 30_000, "step": 1}),
    ("query_range", {"query": "up", **STEPS, "limit": 1}),
    *[("series", {"match[]": match, **SPAN}) for match in ("up", "nothing", '{job=~"a.*"}', '{job=~".*"}')],
    ("series", {"match[]": "session", "start": S + 2000, "end": S + 2100}),
    ("series", {"match[]": "up", **SPAN, "limit": 1}),
    ("series", {}),
    ("labels", SPAN),
    ("labels", {"match[]": "up", **SPAN}),
    ("labels", {**SPAN, "limit": 2}),
    ("labels", {**SPAN, "limit": "x"}),
    ("series", {"match[]": "up", "start": "x"}),
)  # fmt: skip


RULES = """
groups:
- name: b
  limit: 5
  rules:
  - {record: "up:sum", expr: sum(up), labels: {team: core}}
  - {alert: Down, expr: up == 0, for: 1m, labels: {severity: critical, team: core}, annotations: {summary: gone}}
- name: a
  interval: 1h
  rules:
  - {alert: Down, expr: up < 1, labels: {severity: warning}}
- name: none
- name: c
  labels: {team: web}
  rules:
  - {record: "up:max", expr: max(up)}
"""

LISTINGS: tuple[dict[str, Any], ...] = (
    {}, {"type": "alert"}, {"type": "record"}, {"type": "x"}, {"exclude_alerts": "true"}, {"exclude_alerts": "x"},
    {"rule_name[]": "Down"}, {"rule_name[]": "nothing"}, {"rule_group[]": "a"}, {"file[]": "nothing"},
    *({"match[]": match} for match in (
        '{team="core"}', '{severity=~"c.*|w.*"}', '{team!="core"}', '{team="nothing"}', "x[5m]", "{",
        '{severity="warning"} or {team="web"}',
    )),
    *({"group_limit": limit} for limit in ("1", "2", "3", "9", "0", "-1", "x")),
    {"group_limit": "1", "type": "record"}, {"group_next_token": "abc"}, {"group_limit": "1", "group_next_token": "abc"},
)  # fmt: skip


def timeless(document: Any) -> Any:
    """Without what depends on when it was evaluated."""
    if isinstance(document, dict):
        times = ("evaluationTime", "lastEvaluation", "health", "state", "alerts")
        return {key: timeless(value) for key, value in document.items() if key not in times or value == []}
    return [timeless(each) for each in document] if isinstance(document, list) else document


@pytest.mark.slow
async def test_rules_are_listed_the_same(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text(RULES)
    view = seen()
    view.evaluated = [
        GroupStatus(group, tuple(RuleState() for _ in group.rules), group.interval or 60_000)
        for group in read_file(str(tmp_path / "rules.yaml"))
    ]
    wrong = []
    with prometheus(tmp_path, rules=["rules.yaml"]) as url:
        async with TestClient(TestServer(make_app(view))) as client:
            listings = [*LISTINGS]
            for parameters in listings:
                words = urllib.parse.urlencode(parameters)
                theirs = await asyncio.to_thread(fetched, f"{url}/api/v1/rules?{words}")
                ours = await (await client.get(f"/api/v1/rules?{words}")).json()
                if "parse error" in theirs.get("error", ""):
                    # Errors of syntax are the parser's own words.
                    ours["error"] = theirs["error"]
                if timeless(ours) != timeless(theirs):
                    wrong.append(f"{parameters}: {str(theirs)[:400]} != {str(ours)[:400]}")
                following = theirs.get("data", {}).get("groupNextToken")
                if following:
                    listings.append({**parameters, "group_next_token": following})
    assert wrong == [], "\n".join(wrong)
    assert len(listings) > len(LISTINGS) + 2


def fetched(url: str) -> Any:
    """The document, also where it is an error."""
    try:
        with urllib.request.urlopen(url, timeout=60) as answer:
            return json.loads(answer.read())
    except urllib.error.HTTPError as refusal:
        with refusal:
            return json.loads(refusal.read())


def filled() -> Window:
    window = Window(retention=END)
    for place, series in enumerate(given()):
        for at, value in series.samples:
            window.put(place, at, [(series.labels.pairs, value)] if value is not None else [])
    return window


@pytest.mark.slow
async def test_documents_are_the_same(tmp_path: Path) -> None:
    view = seen()
    view.history = filled()
    wrong = []
    with prometheus(tmp_path) as url:
        write(url, given())
        async with TestClient(TestServer(make_app(view))) as client:
            for path, parameters in REQUESTS:
                theirs = await asyncio.to_thread(ask, url, path, **parameters)
                words = {name: str(value) for name, value in parameters.items()}
                for answer in (client.post(f"/api/v1/{path}", data=words), client.get(f"/api/v1/{path}", params=words)):
                    ours = await (await answer).json()
                    if ours != theirs:
                        wrong.append(f"{path} {parameters}: {str(theirs)[:300]} != {str(ours)[:300]}")
    assert wrong == []
