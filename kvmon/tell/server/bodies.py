"""JSON that somebody sends: read within bounds, checked against a model, and told what is wrong with it."""

from __future__ import annotations

from http import HTTPStatus
from typing import TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict, ValidationError

from kvmon.tell.server.problems import Problem

LIMIT = 64 * 1024
"""Bytes."""


class Body(BaseModel):
    """Strict where it matters to us, tolerant of fields that a later client adds."""

    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


B = TypeVar("B", bound=Body)


async def read(request: web.Request, model: type[B]) -> B:
    """The body as this model. Raises Problem 413 and 400."""
    text = bytearray()
    async for chunk in request.content.iter_chunked(8 * 1024):
        text += chunk
        if len(text) > LIMIT:
            raise Problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"The body is larger than {LIMIT} bytes.")
    try:
        return model.model_validate_json(bytes(text))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        what = f"{place}: {first['msg']}" if place else first["msg"]
        raise Problem(HTTPStatus.BAD_REQUEST, f"The body is not what is expected: {what}.") from None
