"""`/v1/breakers`: whether ops of targets may be tried, as documents and as yes or no."""

from __future__ import annotations

import asyncio
import json
import math
import random
from collections.abc import Sequence
from http import HTTPStatus

from aiohttp import web

from kvmon.model.evidence import OPS, Op, Verdict, Verdicts
from kvmon.options import parse_duration
from kvmon.tell.server.documents import LEASE, envelope
from kvmon.tell.server.keys import VIEW, named_target
from kvmon.tell.server.problems import Problem

WAIT = 5.0
"""Seconds that a request may wait for a change: half the lease, so that the answer still renews it."""

SEVERITY = ("deny", "limit", "allow")


async def breakers(request: web.Request) -> web.Response:
    """Documents of all breakers, of a target's, or of one op's; 304 while no verdict has changed.

    With `?index=N&wait=4s` the answer waits until something was changed since N, at most so long. With `?reporter=NAME` they are
    what that reporter should know: where its own calls fail and others' work, only it is advised to try less.
    """
    view = request.app[VIEW]
    waits = _waits(request)
    chosen = _chosen(request)
    if waits is not None:
        chosen = await _changed(request, chosen, *waits)
    verdicts = view.verdicts()
    index = _index(request, chosen, verdicts)
    # By what is shown, not by all there is: a change elsewhere is no news here.
    tag = f'"{verdicts.epoch}-{index}-{len(chosen)}"'
    headers = {"ETag": tag, **LEASE, "Cache-Control": "no-cache"}
    if any(verdict.reporter for verdict in chosen):
        del headers["ETag"]  # what is for one alone has no index
    elif _matches(request, tag):
        return web.Response(status=HTTPStatus.NOT_MODIFIED, headers=headers)
    body = envelope(verdicts, view.clock.time(), index=index, chosen=chosen)
    return web.Response(body=json.dumps(body).encode(), content_type="application/json", headers=headers)


def _index(request: web.Request, chosen: Sequence[Verdict], verdicts: Verdicts) -> int:
    """Of the last change among these; one that vanished changed them too."""
    name = request.match_info.get("target")
    if name is None:
        return verdicts.index
    return max(verdicts.gone.get(name, 0), *(verdict.index for verdict in chosen))


def _waits(request: web.Request) -> tuple[int, float] | None:
    """The index and the seconds that a long poll names. Raises Problem 400."""
    index, wait = request.query.get("index"), request.query.get("wait")
    if index is None:
        if wait is not None:
            raise Problem(HTTPStatus.BAD_REQUEST, "wait needs index: the one of the last answer, or 0.")
        return None
    if not (index.isascii() and index.isdigit() and len(index) < 16):
        raise Problem(HTTPStatus.BAD_REQUEST, "index is a number: that of the last answer, or 0.")
    try:
        return int(index), min(WAIT, parse_duration(wait or "0"))
    except ValueError as error:
        raise Problem(HTTPStatus.BAD_REQUEST, f"wait: {error}.") from None


async def _changed(request: web.Request, chosen: Sequence[Verdict], index: int, seconds: float) -> Sequence[Verdict]:
    """The verdicts once they are others than at that index, or the wait is over. An index from another boot is one, too."""
    view = request.app[VIEW]
    end = asyncio.get_running_loop().time() + seconds
    with view.feed.follower():
        while _index(request, chosen, view.verdicts()) == index and not view.feed.closed:
            left = end - asyncio.get_running_loop().time()
            if left <= 0.0 or not await view.feed.news(view.feed.index, left):
                break
            chosen = _chosen(request)
    return _chosen(request)


async def allow(request: web.Request) -> web.Response:
    """200 `allow`, or 503 `deny` with Retry-After. While calls come back little by little, so many are allowed."""
    worst = min(_chosen(request), key=lambda verdict: SEVERITY.index(verdict.advice))
    headers = {
        "Kvmon-State": worst.state,
        "Kvmon-Permit-Ratio": f"{worst.permit_ratio:g}",
        **LEASE,
        "Cache-Control": "no-store",
    }
    if random.random() < worst.permit_ratio:  # noqa: S311 - spreads load, keeps no secret
        return web.Response(text="allow\n", headers=headers)
    headers["Retry-After"] = str(max(1, math.ceil(worst.retry_after_ms / 1000)))
    return web.Response(text="deny\n", status=HTTPStatus.SERVICE_UNAVAILABLE, headers=headers)


def _chosen(request: web.Request) -> Sequence[Verdict]:
    """The verdicts that the path and `?shard=` name, for `?reporter=`. What is not probed is unknown. Raises Problem 404."""
    verdicts = request.app[VIEW].verdicts(request.query.get("reporter", ""))
    name, op, shard = request.match_info.get("target"), request.match_info.get("op"), request.query.get("shard")
    found: Sequence[Verdict] = verdicts.all
    if name is not None:
        target = named_target(request, name).name
        found = [verdict for verdict in found if verdict.target == target]
        if op is None:
            found = found or [_unknown(target, each) for each in OPS]
        else:
            known = known_op(op)
            found = [verdict for verdict in found if verdict.op == known] or [_unknown(target, known)]
    if shard is not None:
        found = [verdict for verdict in found if verdict.shard == shard]
        if not found:
            raise Problem(HTTPStatus.NOT_FOUND, "There is no such shard.")
    return found


def known_op(text: str) -> Op:
    """The op of that name. Raises Problem 404."""
    known = next((each for each in OPS if each == text), None)
    if known is None:
        raise Problem(HTTPStatus.NOT_FOUND, "The ops are read and write.")
    return known


def _unknown(target: str, op: Op) -> Verdict:
    return Verdict(
        target=target, op=op, shard="", state="unknown", advice="allow", permit_ratio=1.0, retry_after_ms=0, since=0.0,
        generation=0, reason_class="not_probed", index=0, failures=0, last_outcome="", last_ok=None,
    )  # fmt: skip


def _matches(request: web.Request, tag: str) -> bool:
    return any(word.strip().removeprefix("W/") in (tag, "*") for word in request.headers.get("If-None-Match", "").split(","))
