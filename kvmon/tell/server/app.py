"""The application: paths and what surrounds all of them."""

from __future__ import annotations

import logging

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from kvmon.tell.exposition.process import ProcessMetrics
from kvmon.tell.server import events
from kvmon.tell.server.access import users
from kvmon.tell.server.keys import PROCESS, VIEW
from kvmon.tell.server.keys import ROUTES as KNOWN
from kvmon.tell.server.limits import LINE, deadline, headers
from kvmon.tell.server.pages.sharing import prepare
from kvmon.tell.server.problems import problems
from kvmon.tell.server.routes import ROUTES
from kvmon.tell.server.view import View


def make_app(view: View) -> web.Application:
    """An application that shows this view. `max_body` is taken now, the other options with every request."""
    app = web.Application(
        middlewares=[problems, deadline, users()],
        client_max_size=view.options.max_body,
    )
    app.on_response_prepare.append(headers)
    app.on_shutdown.append(events.farewell)
    app[VIEW] = view
    app[PROCESS] = ProcessMetrics()
    app[KNOWN] = ROUTES
    prepare(app)
    app.add_routes([route.definition for route in ROUTES])
    return app


def make_runner(app: web.Application) -> web.AppRunner:
    """A runner that bounds the request line and each header, and keeps no access log."""
    log = logging.getLogger("kvmon.http")
    log.addFilter(_is_ours)
    return web.AppRunner(app, access_log=None, logger=log, max_line_size=LINE, max_field_size=LINE, handle_signals=False)


def _is_ours(record: logging.LogRecord) -> bool:
    # What a client sends wrong is its own business: it gets a 400, and the log does not grow by a traceback.
    return not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError))
