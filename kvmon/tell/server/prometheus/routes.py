"""The paths. What answers them is imported with the first request: who has a Prometheus pays nothing for being one."""

from __future__ import annotations

from importlib import import_module

from aiohttp import web
from aiohttp.typedefs import Handler

BOTH = ("GET", "POST")

PATHS: tuple[tuple[str, tuple[str, ...], str, str], ...] = (
    # path                          methods  module    handler
    ("query",                       BOTH,    "query",  "query"),
    ("query_range",                 BOTH,    "query",  "query_range"),
    ("query_exemplars",             BOTH,    "about",  "exemplars"),
    ("format_query",                BOTH,    "about",  "format_query"),
    ("series",                      BOTH,    "series", "series"),
    ("labels",                      BOTH,    "series", "labels"),
    ("label/{name}/values",         BOTH[:1], "series", "values"),
    ("metadata",                    BOTH[:1], "about",  "metadata"),
    ("rules",                       BOTH[:1], "rules",  "rules"),
    ("alerts",                      BOTH[:1], "rules",  "alerts"),
    ("status/buildinfo",            BOTH[:1], "about",  "buildinfo"),
)  # fmt: skip


def routes() -> list[web.RouteDef]:
    """The routes below `/api/v1`."""
    return [
        web.route(method, f"/api/v1/{path}", _later(module, name)) for path, methods, module, name in PATHS for method in methods
    ]


def _later(module: str, name: str) -> Handler:
    async def handler(request: web.Request) -> web.StreamResponse:
        answer: Handler = getattr(import_module(f"kvmon.tell.server.prometheus.{module}"), name)
        return await answer(request)

    return handler
