"""The paths of the pages."""

from __future__ import annotations

from aiohttp import web

from kvmon.tell.server.pages import fleet, lists, live, rendering, runbooks, target


def routes() -> list[web.RouteDef]:
    """All of them."""
    return [
        web.get("/", fleet.fleet),
        web.get("/targets/{target}", target.target),
        web.get("/alerts", lists.alert_list),
        web.get("/breakers", lists.breaker_list),
        web.get("/runbooks", runbooks.runbook_index),
        web.get("/runbooks/{name}", runbooks.runbook),
        web.get("/assets/{name}", rendering.asset),
        web.get("/favicon.ico", rendering.icon),
        web.get("/v1/page/events", live.follow),
    ]
