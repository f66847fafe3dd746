"""The application: paths and what surrounds all of them."""

from __future__ import annotations

import logging

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from kvmon.tell.exposition.process import ProcessMetrics
from kvmon.tell.server import (
    alertmanager,
    breakers,
    discover,
    events,
    guide,
    health,
    incidents,
    liveness,
    metrics,
    overrides,
    reload,
    reports,
    targets,
    topology,
)
from kvmon.tell.server.access import users
from kvmon.tell.server.keys import PROCESS, VIEW
from kvmon.tell.server.limits import LINE, deadline, headers
from kvmon.tell.server.pages.routes import routes as pages
from kvmon.tell.server.problems import problems
from kvmon.tell.server.prometheus.routes import routes as prometheus
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
    app.add_routes(
        [
            *pages(),
            web.get("/metrics", metrics.metrics),
            web.get("/scrape", metrics.scrape),
            web.get("/discover", discover.discover),
            web.get("/discover-cluster-nodes", discover.cluster_nodes),
            web.get("/livez", liveness.livez),
            web.get("/readyz", liveness.readyz),
            web.get("/startupz", liveness.startupz),
            web.get("/-/healthy", liveness.livez),
            web.get("/-/ready", liveness.readyz),
            web.post("/-/reload", reload.reload),
            web.get("/health", health.health),
            web.get("/health/{target}", health.target_health),
            web.get("/api/v2/alerts", alertmanager.alerts),
            web.get("/api/v2/alerts/groups", alertmanager.groups),
            web.get("/api/v2/receivers", alertmanager.receivers),
            web.get("/api/v2/status", alertmanager.status),
            web.get("/api/v2/silences", alertmanager.silences),
            web.post("/api/v2/silences", alertmanager.set_silence),
            web.get("/api/v2/silence/{silence}", alertmanager.silence),
            web.delete("/api/v2/silence/{silence}", alertmanager.expire_silence),
            web.get("/api/health/redis", guide.health),
            web.get("/api/metrics/redis", guide.metrics),
            web.get("/v1/breakers", breakers.breakers),
            web.get("/v1/breakers/{target}", breakers.breakers),
            web.get("/v1/breakers/{target}/{op}", breakers.breakers),
            web.get("/v1/breakers/{target}/{op}/allow", breakers.allow),
            web.put("/v1/breakers/{target}/{op}/override", overrides.put),
            web.delete("/v1/breakers/{target}/{op}/override", overrides.delete),
            web.post("/v1/reports", reports.reports),
            web.get("/v1/events", events.events),
            web.get("/v1/incidents", incidents.incidents),
            web.get("/v1/targets", targets.targets),
            web.get("/v1/slowlog/{target}", targets.slowlog),
            web.get("/v1/topology/{target}", topology.topology),
            *prometheus(),
        ]
    )
    return app


def make_runner(app: web.Application) -> web.AppRunner:
    """A runner that bounds the request line and each header, and keeps no access log."""
    log = logging.getLogger("kvmon.http")
    log.addFilter(_is_ours)
    return web.AppRunner(app, access_log=None, logger=log, max_line_size=LINE, max_field_size=LINE, handle_signals=False)


def _is_ours(record: logging.LogRecord) -> bool:
    # What a client sends wrong is its own business: it gets a 400, and the log does not grow by a traceback.
    return not (record.exc_info and isinstance(record.exc_info[1], HttpProcessingError))
