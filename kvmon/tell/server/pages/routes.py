"""The paths of the pages."""

from __future__ import annotations

from http import HTTPStatus

from kvmon.tell.server.pages import fleet, graph, lists, live, rendering, runbooks, target
from kvmon.tell.server.pages.sharing import shared
from kvmon.tell.server.route import HTML, Query, Reply, Route

PAGE = {200: Reply("A page.", (HTML,))}
ASSET = {200: Reply("Its text.", ("text/css", "text/javascript", "image/svg+xml"))}
NAMED = Query("q", "A part of the target's name.")
UNKNOWN = (HTTPStatus.NOT_FOUND,)


def routes() -> list[Route]:
    """All of them."""
    fleets = (NAMED, Query("show", "Only targets in this state."), Query("page", "Which page."))
    return [
        Route("GET", "/", shared(fleet.fleet), PAGE, fleets),
        Route(
            "GET",
            "/targets/{target}",
            shared(target.target),
            PAGE,
            (Query("range", "How far back the charts go."),),
            refused=UNKNOWN,
        ),
        Route("GET", "/alerts", shared(lists.alert_list), PAGE, (Query("target", "Only this target's."),)),
        Route(
            "GET",
            "/graph",
            shared(graph.graph),
            PAGE,
            (Query("g0.expr", "An expression."), Query("g0.tab", "Without a meaning here.")),
        ),
        Route("GET", "/breakers", shared(lists.breaker_list), PAGE, (NAMED,)),
        Route("GET", "/runbooks", runbooks.runbook_index, PAGE),
        Route("GET", "/runbooks/{name}", runbooks.runbook, PAGE, refused=UNKNOWN),
        Route("GET", "/assets/{name}", rendering.asset, ASSET, (Query("v", "A version, to be kept by."),), refused=UNKNOWN),
        Route("GET", "/favicon.ico", rendering.icon, {200: Reply("The icon.", ("image/svg+xml",))}),
        Route("GET", "/v1/page/events", live.follow, {200: Reply("Without an end.", ("text/event-stream",))}),
    ]
