"""`/v1/breakers`: whether ops of targets may be tried, as documents and as yes or no."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from aiohttp import web

from kvmon.model.evidence import OPS, Op, Verdict, Verdicts
from kvmon.tell.server.health import timestamp
from kvmon.tell.server.keys import VIEW, named_target
from kvmon.tell.server.problems import Problem

VALID_FOR_MS = 10_000
"""How long an answer may be believed, counted from its receipt."""

SEVERITY = ("deny", "limit", "allow")


async def breakers(request: web.Request) -> web.Response:
    """Documents of all breakers, of a target's, or of one op's; 304 while no verdict has changed."""
    verdicts = request.app[VIEW].verdicts()
    chosen = _chosen(request, verdicts)
    # By what is shown, not by all there is: a change elsewhere is no news here.
    tag = f'"{verdicts.epoch}-{max((verdict.index for verdict in chosen), default=0)}-{len(chosen)}"'
    headers = {"ETag": tag, "Kvmon-Valid-For": str(VALID_FOR_MS), "Cache-Control": "no-cache"}
    if _matches(request, tag):
        return web.Response(status=HTTPStatus.NOT_MODIFIED, headers=headers)
    body = {
        "schema": "kvmon.breakers/1",
        "epoch": verdicts.epoch,
        "index": max((verdict.index for verdict in chosen), default=0),
        "generated_at": timestamp(request.app[VIEW].clock.time()),
        "valid_for_ms": VALID_FOR_MS,
        "breakers": [_document(verdict) for verdict in chosen],
    }
    return web.Response(body=json.dumps(body).encode(), content_type="application/json", headers=headers)


async def allow(request: web.Request) -> web.Response:
    """200 `allow`, or 503 `deny` with Retry-After. While calls come back little by little, so many are allowed."""
    worst = min(_chosen(request, request.app[VIEW].verdicts()), key=lambda verdict: SEVERITY.index(verdict.advice))
    headers = {
        "Kvmon-State": worst.state,
        "Kvmon-Permit-Ratio": f"{worst.permit_ratio:g}",
        "Kvmon-Valid-For": str(VALID_FOR_MS),
        "Cache-Control": "no-store",
    }
    if random.random() < worst.permit_ratio:  # noqa: S311 - spreads load, keeps no secret
        return web.Response(text="allow\n", headers=headers)
    headers["Retry-After"] = str(max(1, math.ceil(worst.retry_after_ms / 1000)))
    return web.Response(text="deny\n", status=HTTPStatus.SERVICE_UNAVAILABLE, headers=headers)


def _chosen(request: web.Request, verdicts: Verdicts) -> Sequence[Verdict]:
    """The verdicts that the path and `?shard=` name. What is not probed is unknown. Raises Problem 404."""
    name, op, shard = request.match_info.get("target"), request.match_info.get("op"), request.query.get("shard")
    found: Sequence[Verdict] = verdicts.all
    if name is not None:
        target = named_target(request, name).name
        found = [verdict for verdict in found if verdict.target == target]
        if op is None:
            found = found or [_unknown(target, each) for each in OPS]
        else:
            known = next((each for each in OPS if each == op), None)
            if known is None:
                raise Problem(HTTPStatus.NOT_FOUND, "The ops are read and write.")
            found = [verdict for verdict in found if verdict.op == known] or [_unknown(target, known)]
    if shard is not None:
        found = [verdict for verdict in found if verdict.shard == shard]
        if not found:
            raise Problem(HTTPStatus.NOT_FOUND, "There is no such shard.")
    return found


def _unknown(target: str, op: Op) -> Verdict:
    return Verdict(
        target=target, op=op, shard="", state="unknown", advice="allow", permit_ratio=1.0, retry_after_ms=0, since=0.0,
        generation=0, reason_class="not_probed", index=0, failures=0, last_outcome="", last_ok=None,
    )  # fmt: skip


def _matches(request: web.Request, tag: str) -> bool:
    return any(word.strip().removeprefix("W/") in (tag, "*") for word in request.headers.get("If-None-Match", "").split(","))


def _document(verdict: Verdict) -> dict[str, Any]:
    return {
        "target": verdict.target,
        "op": verdict.op,
        "shard": verdict.shard,
        "state": verdict.state,
        "mode": "auto",
        "advice": verdict.advice,
        "permit_ratio": verdict.permit_ratio,
        "retry_after_ms": verdict.retry_after_ms,
        "since": timestamp(verdict.since) if verdict.since else None,
        "generation": verdict.generation,
        "reason_class": verdict.reason_class or None,
        "index": verdict.index,
        "evidence": {
            "probe": {
                "consecutive_failures": verdict.failures,
                "last_outcome": verdict.last_outcome or None,
                "last_ok": timestamp(verdict.last_ok) if verdict.last_ok else None,
            }
        },
    }
