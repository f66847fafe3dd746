"""`/api/v1/rules` and `/api/v1/alerts`: the rules that kvmon evaluates, and the alerts that are pending or fire."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from kvmon.judge.alerts.lifecycle import Alert, State
from kvmon.judge.promql import Labelset
from kvmon.judge.rules.groups import RuleState
from kvmon.judge.rules.rulefile import Group, Rule
from kvmon.judge.rules.status import GroupStatus
from kvmon.judge.templates.numbers import scientific
from kvmon.judge.window.matchers import tester
from kvmon.tell.server.keys import VIEW
from kvmon.tell.server.prometheus import parameters as given
from kvmon.tell.server.prometheus.envelope import Answer, Parameters, enveloped
from kvmon.tell.server.prometheus.parameters import invalid

NEVER = "0001-01-01T00:00:00Z"
_SEVERITY = (State.INACTIVE, State.PENDING, State.FIRING)


@enveloped
async def rules(request: web.Request, parameters: Parameters) -> Answer:
    """All groups, or what the parameters choose, `group_limit` of them at a time."""
    chosen = _chooser(parameters)
    alerts = not given.truth(parameters, "exclude_alerts")
    most, token = _page(parameters)
    groups: list[dict[str, Any]] = []
    following = ""
    for status in sorted(request.app[VIEW].rules(), key=lambda status: status.group.key):
        if token and _token(status.group) != token:
            continue
        token = ""
        shown = [
            _rule(rule, state, alerts=alerts)
            for rule, state in zip(status.group.rules, status.states, strict=True)
            if chosen(status.group, rule)
        ]
        if shown and most and len(groups) == most:
            following = _token(status.group)
            break
        if shown:
            groups.append(_group(status, shown))
    if token:
        raise invalid("group_next_token", f"invalid group_next_token '{token}'. were rule groups changed?")
    document: dict[str, Any] = {"groups": groups}
    if following:
        document["groupNextToken"] = following
    return Answer([json.dumps(document, ensure_ascii=False)])


def _chooser(parameters: Parameters) -> Callable[[Group, Rule], bool]:
    """Which rules are wanted."""
    names, groups, files = (frozenset(parameters.get(f"{name}[]", ())) for name in ("rule_name", "rule_group", "file"))
    tests = [tester(matchers) for matchers in given.rule_selectors(parameters)]
    kind = given.first(parameters, "type").lower()
    if kind not in ("", "alert", "record"):
        raise invalid("type", f'not supported value "{kind}"')

    def chosen(group: Group, rule: Rule) -> bool:
        return (
            (not kind or rule.alerts == (kind == "alert"))
            and (not names or rule.name in names)
            and (not groups or group.name in groups)
            and (not files or group.file in files)
            and (not tests or any(test(Labelset(rule.labels)) for test in tests))
        )

    return chosen


def _page(parameters: Parameters) -> tuple[int, str]:
    """How many groups are wanted, 0 for all, and the token of the first."""
    text, token = given.first(parameters, "group_limit"), given.first(parameters, "group_next_token")
    if not text:
        if token:
            raise invalid("group_next_token", "group_limit needs to be present in order to paginate over the groups")
        return 0, ""
    try:
        most = int(text)
    except ValueError:
        why = f'group_limit needs to be a valid number: strconv.ParseInt: parsing "{text}": invalid syntax'
        raise invalid("group_limit", why) from None
    if most <= 0:
        raise invalid("group_limit", "group_limit needs to be greater than 0")
    return most, token


def _token(group: Group) -> str:
    return hashlib.sha1(f"{group.file};{group.name}".encode(), usedforsecurity=False).hexdigest()


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
            "alerts": [_alert(alert) for alert in active] if alerts else None,
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
