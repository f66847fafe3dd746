"""`/metrics`, which waits for no backend unless `poll: on_scrape` says so, and `/scrape`, which asks one."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from http import HTTPStatus

from aiohttp import web

from kvmon.model.targets.address import parse_url
from kvmon.model.targets.ranges import is_off_limits
from kvmon.model.targets.target import Node
from kvmon.tell.exposition.board import render_alone, wanted
from kvmon.tell.exposition.formats import Format, choose, takes_gzip
from kvmon.tell.server.keys import PROCESS, VIEW
from kvmon.tell.server.problems import Problem
from kvmon.tell.server.view import View

SMALL = 16
"""Nodes up to which a body is made at once and compressed once for each poll: that takes half a millisecond for a node."""

PATIENCE = 10.0
"""Seconds: Prometheus' default for the timeout of a scrape, for those who do not say theirs."""

SENDING = 0.5
"""Seconds of the timeout that are left for the answer itself."""


async def metrics(request: web.Request) -> web.StreamResponse:
    """All targets from their last polls."""
    view = request.app[VIEW]
    form = choose(request.headers.get("Accept", ""))
    targets = request.query.getall("target", None)
    names = request.query.getall("name[]", None)
    zipped = takes_gzip(request.headers.get("Accept-Encoding", ""))
    await view.catch_up(targets, within=_patience(request))
    if targets is None and names is None:
        own, more = view.own_samples(), request.app[PROCESS].render(form.dialect)
        if view.board.size > SMALL:
            return await _sent_in_parts(request, view.board.parts(form.dialect, own=own, more=more), form, zipped=zipped)
        if zipped:
            return _text(view.board.render_gzip(form.dialect, own=own, more=more), form, zipped=True)
        return _text(view.board.render(form.dialect, own=own, more=more), form)
    own = [] if targets is not None else view.own_samples()
    if names is not None:
        own = [sample for sample in own if wanted(sample.spec.name, names)]
    response = _text(view.board.render(form.dialect, targets=targets, names=names, own=own), form)
    return _maybe_zipped(response, zipped=zipped)


def _patience(request: web.Request) -> float:
    """Seconds in which whoever scrapes wants the answer, but for what sending takes."""
    try:
        given = float(request.headers.get("X-Prometheus-Scrape-Timeout-Seconds", ""))
    except ValueError:
        given = PATIENCE
    return max(0.0, min(PATIENCE, given) - SENDING)


async def _sent_in_parts(request: web.Request, parts: Iterator[bytes], form: Format, *, zipped: bool) -> web.StreamResponse:
    response = web.StreamResponse(headers=_headers(form))
    if zipped:
        response.enable_compression(web.ContentCoding.gzip)
    await response.prepare(request)
    for part in parts:
        await response.write(part)
        await asyncio.sleep(0)  # polls and probes go on
    await response.write_eof()
    return response


def _headers(form: Format) -> dict[str, str]:
    return {"Content-Type": form.content_type, "Vary": "Accept, Accept-Encoding"}


def _maybe_zipped(response: web.Response, *, zipped: bool) -> web.Response:
    if zipped:
        response.enable_compression(web.ContentCoding.gzip)  # aiohttp does it beside the loop
    return response


def _text(body: bytes, form: Format, *, zipped: bool = False) -> web.Response:
    headers = _headers(form)
    if zipped:
        headers["Content-Encoding"] = "gzip"
    return web.Response(body=body, headers=headers)


async def scrape(request: web.Request) -> web.Response:
    """One node in redis_exporter's form: a target's name, the URL of a node of one, or a URL that is allowed."""
    view = request.app[VIEW]
    asked = request.query.get("target", "").strip()
    if not asked:
        raise Problem(HTTPStatus.BAD_REQUEST, "Say which: /scrape?target=NAME or a URL.")
    node = _known(view, asked)
    snapshot = await (view.scrape(node) if node else view.scrape_url(_allowed(view, asked)))
    form = choose(request.headers.get("Accept", ""))
    response = _text(render_alone(snapshot, form.dialect), form)
    return _maybe_zipped(response, zipped=takes_gzip(request.headers.get("Accept-Encoding", "")))


def _known(view: View, asked: str) -> Node | None:
    nodes = [node for target in view.targets() for node in view.nodes(target)]
    by_name = next((node for node in nodes if node.target.name == asked), None)
    if by_name:
        return by_name
    try:
        address = parse_url(asked).address
    except ValueError:
        return None
    return next((node for node in nodes if node.address == address), None)


def _allowed(view: View, asked: str) -> str:
    try:
        url = parse_url(asked)
    except ValueError as error:
        raise Problem(HTTPStatus.BAD_REQUEST, f"The target is no name of one and no URL: {error}.") from None
    place = str(url.address)
    if url.address.path or is_off_limits(url.address.host):
        raise Problem(HTTPStatus.FORBIDDEN, f"{place[:200]} is nothing that anybody may have asked.")
    if not any(re.fullmatch(pattern, place) for pattern in view.options.scrape_allow):
        raise Problem(HTTPStatus.FORBIDDEN, f"{place[:200]} is no node of a target, and web.scrape_allow does not allow it.")
    return asked
