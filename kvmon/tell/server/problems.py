"""Every error as a problem document (RFC 9457)."""

from __future__ import annotations

import asyncio
import json
from http import HTTPStatus
from typing import Any

import structlog
from aiohttp import web
from aiohttp.typedefs import Handler

_log = structlog.get_logger("kvmon.server")


class Problem(Exception):
    """The request cannot be answered as asked. `detail` is a sentence for the one who asked; it holds no secret."""

    def __init__(self, status: HTTPStatus, detail: str, headers: dict[str, str] | None = None) -> None:
        self.status = status
        self.detail = detail
        self.headers = headers or {}
        super().__init__(detail)


def document(problem: Problem) -> web.Response:
    """The response that tells it."""
    body = {
        "type": "about:blank",
        "title": problem.status.phrase,
        "status": problem.status.value,
        "detail": problem.detail,
    }
    return web.Response(
        body=json.dumps(body).encode(),
        status=problem.status.value,
        content_type="application/problem+json",
        headers=problem.headers,
    )


BEGUN: Any = web.RequestKey("begun", bool) if hasattr(web, "RequestKey") else "begun"
"""Set on a request whose answer has begun to be sent. aiohttp has keys of requests since 3.14, and took texts before."""


@web.middleware
async def problems(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Turn whatever goes wrong into its document. What is a bug is logged whole and told in one general sentence."""
    try:
        return await handler(request)
    except Problem as problem:
        return _told(request, problem)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        return _told(request, _translated(request, error))
    except asyncio.CancelledError:
        raise
    except Exception as error:  # noqa: BLE001 - a bug in one answer must not end the others; it is logged whole
        if isinstance(error, ConnectionError) and (request.transport is None or request.transport.is_closing()):
            return web.Response(status=HTTPStatus.BAD_REQUEST)  # its client has left: nobody reads this
        _log.exception("request_failed", method=request.method, path=request.path)
        return _told(request, Problem(HTTPStatus.INTERNAL_SERVER_ERROR, "kvmon made a mistake; its log has the details."))


def _told(request: web.Request, problem: Problem) -> web.Response:
    """Its document; where half of another answer is out, the connection is cut: the document would be read as a part of that."""
    if request.get(BEGUN) and request.transport is not None:
        request.transport.abort()
    return document(problem)


def _translated(request: web.Request, error: web.HTTPException) -> Problem:
    status = HTTPStatus(error.status)
    if isinstance(error, web.HTTPNotFound):
        return Problem(status, f"There is nothing at {request.path}.")
    if isinstance(error, web.HTTPMethodNotAllowed):
        allowed = ", ".join(sorted(error.allowed_methods))
        return Problem(status, f"{request.method} is not for {request.path}: use {allowed}.", {"Allow": allowed})
    if isinstance(error, web.HTTPRequestEntityTooLarge):
        return Problem(status, "The body is too large.")
    return Problem(status, error.reason)
