"""`/v1/targets` and `/v1/slowlog/TARGET`: the JSON behind the pages."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from aiohttp import web

from kvmon.model.snapshot import Capability
from kvmon.options import parse_duration
from kvmon.tell.server.keys import VIEW, named_target
from kvmon.tell.server.pages.alarms import Alarm, alarms
from kvmon.tell.server.pages.past import HOUR, SERIES
from kvmon.tell.server.pages.patient import Patient, patients
from kvmon.tell.server.pages.trouble import Trouble
from kvmon.tell.server.problems import Problem
from kvmon.tell.server.state import NodeState
from kvmon.tell.server.timestamps import timestamp
from kvmon.tell.server.view import View


async def targets(request: web.Request) -> web.Response:
    """All targets with their nodes and how they are; `?target=NAME` one of them, `?lines=memory,…` with the past."""
    view = request.app[VIEW]
    named = request.query.get("target")
    wanted = named_target(request, named).name if named is not None else None
    names, span = _lines(request)
    found = {patient.name: patient for patient in await patients(view, alarms(view)) if wanted in (None, patient.name)}
    documents = [_target(view, found[target.name], names, span) for target in view.targets() if target.name in found]
    return web.json_response({"targets": documents})


def _lines(request: web.Request) -> tuple[Sequence[str], float]:
    """The lines that are asked for, and the seconds that they go back. Raises Problem 400."""
    names = [name for name in request.query.get("lines", "").split(",") if name]
    unknown = next((name for name in names if name not in SERIES), None)
    if unknown is not None:
        raise Problem(HTTPStatus.BAD_REQUEST, f"There is no line {unknown[:80]!r}: {', '.join(SERIES)}.")
    try:
        span = parse_duration(request.query.get("span", "1h"))
    except ValueError as error:
        raise Problem(HTTPStatus.BAD_REQUEST, f"span: {error}") from None
    if not 60.0 <= span <= HOUR:
        raise Problem(HTTPStatus.BAD_REQUEST, "span is from 1m to 1h.")
    return names, span


def _target(view: View, patient: Patient, names: Sequence[str], span: float) -> dict[str, Any]:
    target = patient.target
    document: dict[str, Any] = {
        "name": target.name,
        "service": target.service,
        "provider": target.provider.name,
        "sku": target.sku or None,
        "critical": target.critical,
        "labels": dict(target.labels),
        "status": patient.word,
        "troubles": [_trouble(trouble) for trouble in patient.troubles],
        "alerts": [_alert(alarm) for alarm in patient.alarms],
        "commands_per_second": patient.commands,
        "hit_ratio": patient.hit_ratio,
        "memory_used_bytes": patient.memory,
        "memory_limit_bytes": patient.memory_limit,
        "clients": patient.clients,
        "nodes": [_node(state, view.capabilities(state.node)) for state in patient.states],
    }
    if names:
        lines = {name: view.past.line(patient.keys, name, span=span, points=60) for name in names}
        first = lines[names[0]]
        document["lines"] = {
            "until": timestamp(first.end), "step_seconds": first.step, **{name: line.values for name, line in lines.items()},
        }  # fmt: skip
    return document


def _trouble(trouble: Trouble) -> dict[str, Any]:
    since = timestamp(trouble.since) if trouble.since else None
    return {"status": trouble.word, "what": trouble.what, "since": since, "todo": trouble.todo, "runbook": trouble.link}


def _alert(alarm: Alarm) -> dict[str, Any]:
    return {
        "name": alarm.name,
        "severity": alarm.severity,
        "state": alarm.state,
        "since": timestamp(alarm.since),
        "summary": alarm.summary,
        "silenced": bool(alarm.silenced),
        "runbook": alarm.runbook,
    }


def _node(state: NodeState, capabilities: Sequence[Capability]) -> dict[str, Any]:
    shot = state.snapshot
    return {
        "instance": state.node.instance,
        "status": state.status,
        "why": state.why or None,
        "reason": state.reason or None,
        "role": state.role,
        "since": timestamp(shot.since) if shot and shot.since else None,
        "polled": timestamp(shot.at) if shot else None,
        "poll_seconds": shot.duration if shot else None,
        "version": state.facts.get("valkey_version") or state.facts.get("redis_version"),
        "memory_used_bytes": state.number("used_memory"),
        "memory_limit_bytes": state.memory_limit() if state.facts else None,
        "clients": state.number("connected_clients"),
        "commands_per_second": state.number("instantaneous_ops_per_sec"),
        "hit_ratio": state.hit_ratio(),
        "replication_lag_seconds": state.lag,
        "capabilities": {
            found.collector: {"status": found.status, "why": found.why or None, "without": list(found.without)}
            for found in capabilities
        },
        "failures": [
            {"collector": failure.collector, "reason": failure.reason, "message": failure.message}
            for failure in (shot.failures if shot else ())
        ],
    }


async def slowlog(request: web.Request) -> web.Response:
    """The latest slow commands of a target: names and how many arguments, never the arguments."""
    target = named_target(request, request.match_info["target"])
    entries = [
        {
            "instance": entry.instance,
            "id": entry.id,
            "at": timestamp(entry.at),
            "seconds": entry.seconds,
            "command": entry.command,
            "arguments": entry.arguments,
            "key": entry.shape or None,
        }
        for entry in request.app[VIEW].slow_commands(target)
    ]
    return web.json_response({"target": target.name, "entries": entries})
