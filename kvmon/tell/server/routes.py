"""The table of paths: everything that the door answers, and how."""

from __future__ import annotations

from http import HTTPStatus

from aiohttp.typedefs import Handler

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
    migrations,
    openapi,
    overrides,
    reload,
    reports,
    silences,
    targets,
    topology,
    workloads,
)
from kvmon.tell.server.pages.routes import routes as pages
from kvmon.tell.server.prometheus.routes import routes as prometheus
from kvmon.tell.server.route import JSON, TEXT, Query, Reply, Route, listed, record

BAD, UNKNOWN, CLASH = HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND, HTTPStatus.CONFLICT
LIMITED, UNREADY, UNFIT = HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.UNPROCESSABLE_ENTITY

NAMED = Query("target", "The name of a target.")
SHARD = Query("shard", "A shard of the target.")
WHO = Query("reporter", "What the reporter of that name should know: its own calls may fail while others' work.")
VERBOSE = Query("verbose", "Every check, also those that passed.")
CHOSEN = (Query("target", "Only these targets.", many=True), Query("name[]", "Only these metrics.", many=True))
CHANGED = (
    Query("index", "Answer once something was changed since this index.", kind="integer"),
    Query("wait", "How long to wait for that, such as 4s."),
)
LIMITS = (
    Query("limit", "So many incidents at most, 1 to 100.", kind="integer"),
    Query("events", "So many events at most, 1 to 10000.", kind="integer"),
)
QUESTION = (
    Query("op", "Whether it can be read, or written.", choices=("read", "write")),
    Query("max_lag", "How far replicas may be behind, such as 500ms."),
    SHARD,
)
MATCHING = Query("filter", 'A matcher such as severity="critical".', many=True)
FIRING = (
    MATCHING,
    *(Query(name, f"Whether to show {name} ones.", kind="boolean") for name in ("active", "silenced", "inhibited", "muted")),
    Query("receiver", "A regular expression for the receiver's name."),
)

PAGE = Reply("Metrics in the format that was asked for.", (TEXT, "application/openmetrics-text"))
CHECKS = {200: Reply("It is.", (TEXT,)), 503: Reply("It is not, and why.", (TEXT,))}
HEALTH = record(status="string", serviceId="string")
HEALTHY = ("application/health+json",)
WELL = {200: Reply("Pass or warn.", HEALTHY, HEALTH), 503: Reply("It fails.", HEALTHY, HEALTH)}
BREAKERS = record(
    schema="string", epoch="string", index="integer", generated_at="string", valid_for_ms="integer", breakers="array"
)
VERDICTS = {200: Reply("The documents.", schema=BREAKERS)}
ASKED = {**VERDICTS, 304: Reply("No verdict has changed since that ETag.", ())}
WORDS = {"type": "string"}
ALERTS = listed(record(labels="object", annotations="object", startsAt="string", fingerprint="string", status="object"))
SILENCE = record(id="string", status="object", matchers="array", startsAt="string", endsAt="string", createdBy="string")
GONE = {404: Reply("There is no such silence, or kvmon does not notify by itself.", ())}
REFUSED = {400: Reply("Why it was refused.", (JSON,), WORDS)}
SET = {200: Reply("Its id.", schema=record(silenceID="string")), **REFUSED, 404: Reply("There is no such.", schema=WORDS)}
GROUPS = listed(record(targets="array", labels="object"))


def _told(about: str, **fields: str) -> dict[int, Reply]:
    return {200: Reply(about, schema=record(**fields))}


def _am(method: str, path: str, handler: Handler, replies: dict[int, Reply], *query: Query) -> Route:
    """A path of Alertmanager's API: nothing is there where kvmon does not notify by itself."""
    changes = method != "GET"
    body = (lambda: silences.SilenceBody) if method == "POST" else None
    refused = () if 404 in replies else (UNKNOWN,)
    return Route(method, f"/api/v2/{path}", handler, replies, query, refused=refused, changes=changes, body=body)


ROUTES: tuple[Route, ...] = (
    *pages(),
    Route("GET", "/metrics", metrics.metrics, {200: PAGE}, CHOSEN),
    Route("GET", "/scrape", metrics.scrape, {200: PAGE}, (Query("target", "A name, or a URL.", required=True),),
          refused=(BAD, HTTPStatus.FORBIDDEN)),
    Route("GET", "/discover", discover.discover, {200: Reply("Groups of http_sd.", schema=GROUPS)}),
    Route("GET", "/discover-cluster-nodes", discover.cluster_nodes, {200: Reply("One group of URLs.", schema=GROUPS)}),
    Route("GET", "/livez", liveness.livez, CHECKS, (VERBOSE,)),
    Route("GET", "/readyz", liveness.readyz, CHECKS, (VERBOSE,)),
    Route("GET", "/startupz", liveness.startupz, CHECKS, (VERBOSE,)),
    Route("GET", "/-/healthy", liveness.livez, CHECKS, (VERBOSE,)),
    Route("GET", "/-/ready", liveness.readyz, CHECKS, (VERBOSE,)),
    Route("POST", "/-/reload", reload.reload, {200: Reply("It was read again.", (TEXT,))}, refused=(UNFIT,), changes=True),
    Route("GET", "/openapi.json", openapi.openapi, _told("OpenAPI 3.1.", openapi="string", paths="object")),
    Route("GET", "/health", health.health, WELL),
    Route("GET", "/health/{target}", health.target_health, WELL, QUESTION, refused=(BAD, UNKNOWN)),
    _am("GET", "alerts", alertmanager.alerts, {200: Reply("Alerts.", schema=ALERTS)}, *FIRING),
    _am("GET", "alerts/groups", alertmanager.groups, {200: Reply("Groups.", schema=listed(record(alerts="array")))}, *FIRING),
    _am("GET", "receivers", alertmanager.receivers, {200: Reply("Names.", schema=listed(record(name="string")))}),
    _am("GET", "status", alertmanager.status, _told("Who we are.", cluster="object", config="object", uptime="string")),
    _am("GET", "silences", silences.silences, {200: Reply("Silences.", schema=listed(SILENCE))}, MATCHING),
    _am("POST", "silences", silences.set_silence, SET),
    _am("GET", "silence/{silence}", silences.silence, {200: Reply("It.", schema=SILENCE), **GONE}),
    _am("DELETE", "silence/{silence}", silences.expire_silence, {200: Reply("It has ended.", ()), **GONE}),
    Route("GET", "/api/health/redis", guide.health,
          {**_told("It works.", status="string", service="string", latency_ms="integer", memory_usage_percent="string",
                   timestamp="string"),
           503: Reply("It does not.", schema=record(status="string", error="string", service="string", timestamp="string"))},
          (NAMED,), refused=(UNKNOWN,)),
    Route("GET", "/api/metrics/redis", guide.metrics,
          _told("Of the last poll.", memory_used="integer", memory_peak="integer", connections="integer",
                operations_per_sec="integer", keyspace_hits="integer", keyspace_misses="integer", hit_ratio="number|null"),
          (NAMED,), refused=(UNKNOWN, UNREADY)),
    Route("GET", "/v1/breakers", breakers.breakers, ASKED, (SHARD, WHO, *CHANGED), refused=(BAD, UNKNOWN)),
    Route("GET", "/v1/breakers/{target}", breakers.breakers, ASKED, (SHARD, WHO, *CHANGED), refused=(BAD, UNKNOWN)),
    Route("GET", "/v1/breakers/{target}/{op}", breakers.breakers, ASKED, (SHARD, WHO, *CHANGED),
          refused=(BAD, UNKNOWN)),
    Route("GET", "/v1/breakers/{target}/{op}/allow", breakers.allow,
          {200: Reply("Try it.", (TEXT,)), 503: Reply("Do not, before Retry-After is over.", (TEXT,))}, (SHARD, WHO),
          refused=(UNKNOWN,)),
    Route("PUT", "/v1/breakers/{target}/{op}/override", overrides.put, VERDICTS, (SHARD,), refused=(UNKNOWN, CLASH),
          body=lambda: overrides.OverrideBody, changes=True),
    Route("DELETE", "/v1/breakers/{target}/{op}/override", overrides.delete, VERDICTS, (SHARD,),
          refused=(UNKNOWN,), changes=True),
    Route("POST", "/v1/reports", reports.reports,
          {202: Reply("Calls that count, and what is for it alone.", schema=record(accepted="integer", breakers="array"))},
          refused=(LIMITED,), body=lambda: reports.ReportBody, changes=True),
    Route("GET", "/v1/events", events.events, {200: Reply("Without an end.", ("text/event-stream",))}),
    Route("GET", "/v1/incidents", incidents.incidents, _told("The newest first.", incidents="array", events="array"),
          (NAMED, *LIMITS), refused=(BAD, UNKNOWN)),
    Route("GET", "/v1/migrations", migrations.migrations, _told("Those that are watched.", migrations="array"),
          (Query("keys", "Name some of the keys that differ.", kind="boolean"),)),
    Route("GET", "/v1/workloads/{target}", workloads.workloads,
          _told("What scans have counted.", target="string", at="string|null", workloads="array"),
          (Query("keys", "Name the biggest keys.", kind="boolean"),), refused=(UNKNOWN,)),
    Route("GET", "/v1/targets", targets.targets, _told("All.", targets="array")),
    Route("GET", "/v1/slowlog/{target}", targets.slowlog, _told("The newest.", target="string", entries="array"),
          refused=(UNKNOWN,)),
    Route("GET", "/v1/topology/{target}", topology.topology,
          _told("Nodes and shards.", target="string", topology="string", nodes="array", shards="array"), refused=(UNKNOWN,)),
    *prometheus(),
)  # fmt: skip
