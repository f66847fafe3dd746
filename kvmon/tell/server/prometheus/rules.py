"""`/api/v1/rules` and `/api/v1/alerts`: the rules that kvmon evaluates, and the alerts that are pending or fire."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from kvmon.judge.alerts.lifecycle import Alert, State
from kvmon.judge.rules.groups import RuleState
from kvmon.judge.rules.rulefile import Rule
from kvmon.judge.rules.status import GroupStatus
from kvmon.judge.templates.numbers import scientific
from kvmon.tell.server.keys import VIEW
from kvmon.tell.server.prometheus import parameters as given
from kvmon.tell.server.prometheus.envelope import Answer, Parameters, enveloped
from kvmon.tell.server.prometheus.parameters import invalid

NEVER = "0001-01-01T00:00:00Z"
_SEVERITY = (State.INACTIVE, State.PENDING, State.FIRING)


@enveloped
async def rules(request: web.Request, parameters: Parameters) -> Answer:
    """All groups, or the rules that `type`, `rule_name[]`, `rule_group[]` and `file[]` choose."""
    kind = given.first(parameters, "type").lower()
    if kind not in ("", "alert", "record"):
        raise invalid("type", f'not supported value "{kind}"')
    names = parameters.get("rule_name[]", [])
    alerts = given.first(parameters, "exclude_alerts").lower() not in ("1", "t", "true")
    groups = []
    for status in request.app[VIEW].rules():
        if not _chosen(status.group.name, parameters, "rule_group[]") or not _chosen(status.group.file, parameters, "file[]"):
            continue
        shown = [
            _rule(rule, state, alerts=alerts)
            for rule, state in zip(status.group.rules, status.states, strict=True)
            if (not kind or rule.alerts == (kind == "alert")) and (not names or rule.name in names)
        ]
        if shown or not (kind or names):
            groups.append(_group(status, shown))
    return Answer([json.dumps({"groups": groups}, ensure_ascii=False)])


@enveloped
async def alerts(request: web.Request, parameters: Parameters) -> Answer:  # noqa: ARG001 - what every handler is given
    """The alerts that are pending or fire."""
    found = [
        _alert(alert)
        for status in request.app[VIEW].rules()
        for state in status.states
        for alert in state.alerts.values()
        if alert.state is not State.INACTIVE
    ]
    return Answer([json.dumps({"alerts": found}, ensure_ascii=False)])


def _chosen(name: str, parameters: Parameters, parameter: str) -> bool:
    wanted = parameters.get(parameter, [])
    return not wanted or name in wanted


def _group(status: GroupStatus, rules: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "name": status.group.name,
        "file": status.group.file,
        "rules": rules,
        "interval": status.interval / 1000,
        "limit": status.group.limit,
        "evaluationTime": status.duration,
        "lastEvaluation": _moment(status.at),
    }


def _rule(rule: Rule, state: RuleState, *, alerts: bool) -> dict[str, Any]:
    about: dict[str, Any] = {"name": rule.name, "query": rule.expr, "labels": dict(rule.labels)}
    if rule.alerts:
        active = [alert for alert in state.alerts.values() if alert.state is not State.INACTIVE]
        worst = max((alert.state for alert in active), key=_SEVERITY.index, default=State.INACTIVE)
        about = {
            "state": worst.value,
            **about,
            "duration": rule.hold / 1000,
            "keepFiringFor": rule.keep_firing / 1000,
            "annotations": dict(rule.annotations),
            "alerts": [_alert(alert) for alert in active] if alerts else [],
        }
    about["health"] = state.health
    if state.error:
        about["lastError"] = state.error
    if state.warnings:
        about["warnings"] = list(state.warnings)
    return {
        **about,
        "evaluationTime": state.duration,
        "lastEvaluation": _moment(state.at),
        "type": "alerting" if rule.alerts else "recording",
    }


def _alert(alert: Alert) -> Mapping[str, Any]:
    about: dict[str, Any] = {
        "labels": dict(alert.labels),
        "annotations": dict(alert.annotations),
        "state": alert.state.value,
        "activeAt": _moment(alert.active_at),
        "value": scientific(alert.value),
    }
    if alert.keep_firing_since is not None:
        about["keepFiringSince"] = _moment(alert.keep_firing_since)
    return about


def _moment(at: int | None) -> str:
    """Milliseconds as RFC 3339, without zeros at its end."""
    if at is None:
        return NEVER
    text = datetime.fromtimestamp(at // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}{f'.{at % 1000:03d}'.rstrip('0') if at % 1000 else ''}Z"
