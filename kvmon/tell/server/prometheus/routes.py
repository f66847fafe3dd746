"""The paths. What answers them is imported with the first request: who has a Prometheus pays nothing for being one."""

from __future__ import annotations

from functools import partial
from importlib import import_module

from kvmon.tell.server.route import Query, Reply, Route, later, record

BOTH = ("GET", "POST")
GET = ("GET",)

QUERY = Query("query", "A PromQL query.", required=True)
START, END = Query("start", "Unix seconds, or RFC 3339."), Query("end", "Unix seconds, or RFC 3339.")
LIMIT = Query("limit", "So many results at most; 0 for all.")
PER_METRIC = Query("limit_per_metric", "So many texts for a metric at most.")
MATCHES = Query("match[]", "A selector of series.", many=True)
HOW = (Query("timeout", "Such as 5s."), Query("lookback_delta", "Such as 5m."), LIMIT)
WHICH = (MATCHES, START, END, LIMIT)
RULES = (
    Query("type", "Only rules of this type.", choices=("alert", "record")),
    *(Query(f"{name}[]", "Only these.", many=True) for name in ("rule_name", "rule_group", "file")),
    Query("match[]", "Only those with such labels.", many=True),
    Query("exclude_alerts", "Without their alerts.", kind="boolean"),
    Query("group_limit", "So many groups at most; the answer says how to go on."),
    Query("group_next_token", "`groupNextToken` of the page before."),
)

PATHS: tuple[tuple[str, tuple[str, ...], str, str, tuple[Query, ...]], ...] = (
    # path                 methods  module   handler        parameters
    ("query",               BOTH, "query",  "query",        (QUERY, Query("time", "Unix seconds, or RFC 3339."), *HOW)),
    ("query_range",         BOTH, "query",  "query_range",  (QUERY, START, END, Query("step", "Seconds, or such as 1m."), *HOW)),
    ("query_exemplars",     BOTH, "about",  "exemplars",    (QUERY, START, END)),
    ("format_query",        BOTH, "about",  "format_query", (QUERY,)),
    ("series",              BOTH, "series", "series",       WHICH),
    ("labels",              BOTH, "series", "labels",       WHICH),
    ("label/{name}/values", GET,  "series", "values",       WHICH),
    ("metadata",            GET,  "about",  "metadata",     (Query("metric", "Only this one."), LIMIT, PER_METRIC)),
    ("rules",               GET,  "rules",  "rules",        RULES),
    ("alerts",              GET,  "rules",  "alerts",       ()),
    ("status/buildinfo",    GET,  "about",  "buildinfo",    ()),
)  # fmt: skip

WRONG = record(status="string", errorType="string", error="string")
REPLIES = {
    200: Reply("As Prometheus wraps it.", schema={**record(status="string"), "required": ["status", "data"]}),
    400: Reply("A parameter cannot be taken.", schema=WRONG),
    422: Reply("The query cannot be evaluated.", schema=WRONG),
    503: Reply("The query took too long.", schema=WRONG),
}


def routes() -> list[Route]:
    """The routes below `/api/v1`."""
    return [_route(method, path, module, name, query) for path, methods, module, name, query in PATHS for method in methods]


def _route(method: str, path: str, module: str, name: str, query: tuple[Query, ...]) -> Route:
    module = f"kvmon.tell.server.prometheus.{module}"
    load = partial(_loaded, module, name)
    return Route(method, f"/api/v1/{path}", later(module, name), REPLIES, query, form=method == "POST", load=load)


def _loaded(module: str, name: str) -> object:
    return getattr(import_module(module), name)
