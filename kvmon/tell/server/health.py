"""`/health`: the whole in the health+json format; `/health/TARGET`: yes or no to a question about one target."""

from __future__ import annotations

import json
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from aiohttp import web

from kvmon.model.evidence import OPS, Verdict
from kvmon.options import parse_duration
from kvmon.tell.server.keys import VIEW, named_target
from kvmon.tell.server.problems import Problem
from kvmon.tell.server.state import NodeState, states
from kvmon.tell.server.timestamps import timestamp

MEDIA = "application/health+json"
STATUS = {"up": "pass", "down": "warn", "unknown": "warn"}


async def health(request: web.Request) -> web.Response:
    """Pass and warn are 200; it fails, 503, only for targets marked critical."""
    view = request.app[VIEW]
    checks: dict[str, list[dict[str, Any]]] = {}
    words = {"pass"}
    for target in view.targets():
        for state in states(view, target):
            word = "fail" if state.status == "down" and target.critical else STATUS[state.status]
            words.add(word)
            checks.setdefault(f"{target.name}:connections", []).append(_component(state, word))
    word = next(each for each in ("fail", "warn", "pass") if each in words)
    body = {"status": word, "version": "1", "releaseId": view.version, "serviceId": "kvmon", "checks": checks}
    return _json(body, MEDIA, 503 if word == "fail" else 200)


def _component(state: NodeState, word: str) -> dict[str, Any]:
    found: dict[str, Any] = {"componentId": state.node.instance, "componentType": "datastore", "status": word}
    if state.snapshot:
        found["time"] = timestamp(state.snapshot.at)
    if state.why:
        found["output"] = state.why
    return found


def _json(body: dict[str, Any], media: str, status: int) -> web.Response:
    return web.Response(body=json.dumps(body).encode(), status=status, content_type=media)


async def target_health(request: web.Request) -> web.Response:
    """Whether the target, or a shard of it, can be read or written, or read with no more than so much lag: 200 or 503."""
    view = request.app[VIEW]
    target = named_target(request, request.match_info["target"])
    op, shard = request.query.get("op", "read"), request.query.get("shard", "")
    if op not in OPS:
        raise Problem(HTTPStatus.BAD_REQUEST, "op is read or write.")
    verdicts = [verdict for verdict in view.verdicts().all if verdict.target == target.name]
    members = {member.node.key for member in view.topology(target).members if member.shard == shard}
    found = states(view, target)
    if shard:
        if not members and shard not in {verdict.shard for verdict in verdicts}:
            raise Problem(HTTPStatus.NOT_FOUND, f"{target.name} has no such shard.")
        verdicts = [verdict for verdict in verdicts if verdict.shard == shard]
        found = [state for state in found if state.node.key in members]
    max_lag = _max_lag(request.query.get("max_lag"))
    why = _verdict([verdict for verdict in verdicts if verdict.op == op])
    if why is None:
        why = _unable(found, op)
    if not why and max_lag is not None:
        why = _behind([(state, view.canary_lag(state.node)) for state in found], max_lag)
    body = {"status": "fail" if why else "pass", "serviceId": target.name}
    if why:
        body["output"] = why
    return _json(body, MEDIA, 503 if why else 200)


def _max_lag(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        return parse_duration(text)
    except ValueError as error:
        raise Problem(HTTPStatus.BAD_REQUEST, f"max_lag: {error}.") from None


def _verdict(verdicts: Sequence[Verdict]) -> str | None:
    """What breakers say: an objection, none, or None where they know nothing."""
    for verdict in verdicts:
        open_ = verdict.mode == "shadow" and verdict.state in ("open", "half_open")
        if open_ or verdict.advice == "deny":
            where = f" of the shard {verdict.shard}" if verdict.shard else ""
            because = f": {verdict.reason_class}" if verdict.reason_class else ""
            return f"The {verdict.op} breaker{where} is {verdict.state}{because}."
    # A probe knows more than a poll, and sooner.
    return "" if verdicts and all(verdict.state == "closed" for verdict in verdicts) else None


def _unable(found: Sequence[NodeState], op: str) -> str:
    """What polls say against it."""
    up = [state for state in found if state.status == "up" and state.role != "sentinel"]
    if not up:
        return next((state.why for state in found if state.why), "It has no node that holds data.")
    if op == "write" and not any(state.role == "primary" for state in up):
        return "No primary is up."
    return ""


def _behind(found: Sequence[tuple[NodeState, float | None]], most: float) -> str:
    """Which node is too far behind. Where the link is up, and there is a canary, that counts: it is seconds younger."""
    for state, canary in found:
        if state.role == "sentinel":
            continue
        lag = state.lag if state.lag is None or canary is None else canary
        if lag is None:
            return f"The lag of {state.node.instance} is not known."
        if lag > most:
            return f"{state.node.instance} is {lag:g} seconds behind."
    return ""
