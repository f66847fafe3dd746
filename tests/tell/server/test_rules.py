"""`/api/v1/rules` and `/api/v1/alerts`, in Prometheus' shape."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from kvmon.judge.alerts.lifecycle import Alert, State
from kvmon.judge.rules.groups import RuleState
from kvmon.judge.rules.rulefile import read_rules
from kvmon.judge.rules.status import GroupStatus
from tests.tell.server.seen import Seen, seen
from tests.tell.server.test_prometheus import ask

AT = 1_700_000_000_500
(GROUP,) = read_rules(
    "alerts/a.yaml",
    """
groups:
- name: availability
  limit: 5
  rules:
  - record: up:sum
    expr: sum(redis_up)
  - alert: Down
    expr: redis_up == 0
    for: 1m
    labels: {severity: critical}
    annotations: {summary: gone}
""",
)
DOWN = Alert((("alertname", "Down"), ("instance", "a")), (("summary", "gone"),), State.FIRING, 0.0, AT - 90_000, fired_at=AT)


def evaluated() -> Seen:
    view = seen()
    over = replace(DOWN, labels=(("alertname", "Down"), ("instance", "b")), state=State.INACTIVE, resolved_at=AT)
    states = (
        RuleState(health="err", error="too many", at=AT, duration=0.25),
        RuleState({DOWN.labels: DOWN, over.labels: over}, health="ok", at=AT, duration=0.5),
    )
    view.evaluated = [GroupStatus(GROUP, states, 15_000, AT, 0.75)]
    return view


async def groups(**parameters: Any) -> Any:
    status, body = await ask("rules", evaluated(), **parameters)
    assert (status, body["status"]) == (200, "success")
    return body["data"]["groups"]


async def test_rules_with_their_states() -> None:
    (group,) = await groups()

    record, alert = group.pop("rules")
    assert group == {
        "name": "availability", "file": "alerts/a.yaml", "interval": 15, "limit": 5, "evaluationTime": 0.75,
        "lastEvaluation": "2023-11-14T22:13:20.5Z",
    }  # fmt: skip
    assert record == {
        "name": "up:sum", "query": "sum(redis_up)", "labels": {}, "health": "err", "lastError": "too many",
        "evaluationTime": 0.25, "lastEvaluation": "2023-11-14T22:13:20.5Z", "type": "recording",
    }  # fmt: skip
    (active,) = alert.pop("alerts")
    assert active == {
        "labels": {"alertname": "Down", "instance": "a"}, "annotations": {"summary": "gone"}, "state": "firing",
        "activeAt": "2023-11-14T22:11:50.5Z", "value": "0e+00",
    }  # fmt: skip
    assert alert == {
        "state": "firing", "name": "Down", "query": "redis_up == 0", "duration": 60, "keepFiringFor": 0,
        "labels": {"severity": "critical"}, "annotations": {"summary": "gone"}, "health": "ok", "evaluationTime": 0.5,
        "lastEvaluation": "2023-11-14T22:13:20.5Z", "type": "alerting",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"type": "alert"}, ["Down"]),
        ({"type": "record"}, ["up:sum"]),
        ({"rule_name[]": "Down"}, ["Down"]),
        ({"rule_group[]": "availability"}, ["up:sum", "Down"]),
    ],
)
async def test_rules_are_chosen(parameters: dict[str, str], expected: list[str]) -> None:
    (group,) = await groups(**parameters)
    assert [rule["name"] for rule in group["rules"]] == expected


@pytest.mark.parametrize("parameters", [{"rule_name[]": "x"}, {"rule_group[]": "x"}, {"file[]": "x"}])
async def test_what_is_not_there_is_not_shown(parameters: dict[str, str]) -> None:
    assert await groups(**parameters) == []


async def test_a_type_that_is_none() -> None:
    status, body = await ask("rules", evaluated(), type="x")
    assert (status, body["errorType"], body["error"]) == (400, "bad_data", 'invalid parameter "type": not supported value "x"')


async def test_alerts_are_those_that_are_active() -> None:
    _, body = await ask("alerts", evaluated())
    assert [alert["labels"]["instance"] for alert in body["data"]["alerts"]] == ["a"]
