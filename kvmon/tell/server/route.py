"""A row of the table of paths: what may be asked, what answers, and how. The application and `/openapi.json` read it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from importlib import import_module
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Handler
from pydantic import BaseModel

Schema = Mapping[str, Any]

JSON, TEXT, HTML, PROBLEM = "application/json", "text/plain", "text/html", "application/problem+json"


@dataclass(frozen=True, slots=True)
class Query:
    """A parameter of the URL. `many`: it may come more than once."""

    name: str
    about: str
    kind: str = "string"
    many: bool = False
    required: bool = False
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: in words, and how its body looks in each of its media types; none where it may be empty."""

    about: str
    media: tuple[str, ...] = (JSON,)
    schema: Schema | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """`refused` are statuses with a problem document; those that any path may answer are not repeated here.

    `changes`: it changes something, so it takes a token. `form`: the parameters may also come as a form. `load` gives what has
    the docstring, where `handler` only imports it.
    """

    method: str
    path: str
    handler: Handler
    replies: Mapping[int, Reply]
    query: tuple[Query, ...] = ()
    refused: tuple[HTTPStatus, ...] = ()
    body: Callable[[], type[BaseModel]] | None = None
    changes: bool = False
    form: bool = False
    load: Callable[[], object] | None = field(default=None, repr=False)

    @property
    def definition(self) -> web.RouteDef:
        """What the application takes. A GET is a HEAD too."""
        options = {"allow_head": True} if self.method == "GET" else {}
        return web.RouteDef(self.method, self.path, self.handler, options)

    @property
    def about(self) -> str:
        """The handler's docstring."""
        return inspect.getdoc(self.load() if self.load else self.handler) or ""


def later(module: str, name: str) -> Handler:
    """A handler whose module is imported with the first request."""
    return partial(_imported, module, name)


async def _imported(module: str, name: str, request: web.Request) -> web.StreamResponse:
    answer: Handler = getattr(import_module(module), name)
    return await answer(request)


def record(**fields: str) -> Schema:
    """The schema of an object with at least these fields; `number|null` is one that may be unknown."""
    kinds = {name: kind.split("|") for name, kind in fields.items()}
    properties = {name: {"type": kind if len(kind) > 1 else kind[0]} for name, kind in kinds.items()}
    return {"type": "object", "required": list(fields), "properties": properties}


def listed(items: Schema) -> Schema:
    """The schema of an array of such."""
    return {"type": "array", "items": items}
