"""What the application carries for its handlers."""

from __future__ import annotations

from http import HTTPStatus

from aiohttp import web

from kvmon.model.targets.target import Target
from kvmon.tell.exposition.process import ProcessMetrics
from kvmon.tell.server.problems import Problem
from kvmon.tell.server.route import Route
from kvmon.tell.server.view import View

VIEW: web.AppKey[View] = web.AppKey("view", View)
PROCESS = web.AppKey("process", ProcessMetrics)
ROUTES: web.AppKey[tuple[Route, ...]] = web.AppKey("routes", tuple)


def named_target(request: web.Request, name: str) -> Target:
    """The target of that name. Raises Problem 404."""
    for target in request.app[VIEW].targets():
        if target.name == name:
            return target
    raise Problem(HTTPStatus.NOT_FOUND, f"There is no target {name[:80]!r}.")
