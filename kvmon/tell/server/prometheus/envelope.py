"""What every answer is wrapped in, errors included."""

from __future__ import annotations

import functools
import json
from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus
from typing import NamedTuple

from aiohttp import web

from kvmon.errors import EvaluationError
from kvmon.judge.promql.pace import TimedOut
from kvmon.tell.server.prometheus.parameters import Wrong, read


class Answer(NamedTuple):
    """Data as JSON text, in pieces, and remarks."""

    data: Sequence[str]
    warnings: Sequence[str] = ()
    infos: Sequence[str] = ()


Asked = Callable[[web.Request, "Parameters"], Awaitable[Answer]]
Parameters = dict[str, list[str]]


def enveloped(handler: Asked) -> Callable[[web.Request], Awaitable[web.Response]]:
    """A handler of parameters as one of requests."""

    @functools.wraps(handler)
    async def wrapped(request: web.Request) -> web.Response:
        try:
            answer = await handler(request, await read(request))
        except Wrong as error:
            return _error("bad_data", str(error), HTTPStatus.BAD_REQUEST)
        except TimedOut as error:
            return _error("timeout", str(error), HTTPStatus.SERVICE_UNAVAILABLE)
        except EvaluationError as error:
            return _error("execution", str(error), HTTPStatus.UNPROCESSABLE_ENTITY)
        pieces = ['{"status":"success","data":', *answer.data]
        for name, remarks in (("warnings", answer.warnings), ("infos", answer.infos)):
            if remarks:
                pieces.append(f',"{name}":{json.dumps(list(remarks), ensure_ascii=False)}')
        pieces.append("}")
        return web.Response(body="".join(pieces).encode(), content_type="application/json")

    return wrapped


def _error(kind: str, text: str, status: HTTPStatus) -> web.Response:
    body = {"status": "error", "errorType": kind, "error": text}
    return web.Response(body=json.dumps(body, ensure_ascii=False).encode(), status=status, content_type="application/json")
