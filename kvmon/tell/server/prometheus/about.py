"""What clients ask to know whom they talk to, and what metrics mean."""

from __future__ import annotations

import json

from aiohttp import web

from kvmon.model.metrics.catalogue import ALL
from kvmon.model.metrics.spec import Kind
from kvmon.tell.server.keys import VIEW
from kvmon.tell.server.prometheus import parameters as given
from kvmon.tell.server.prometheus.envelope import Answer, Parameters, enveloped

LIKE = "3.5.0"
"""The version of Prometheus whose answers ours are."""


@enveloped
async def buildinfo(request: web.Request, parameters: Parameters) -> Answer:  # noqa: ARG001 - what every handler is given
    """A Prometheus of this version, as far as one can tell; the revision says who it is."""
    about = {
        "version": LIKE,
        "revision": f"kvmon {request.app[VIEW].version}",
        "branch": "",
        "buildUser": "",
        "buildDate": "",
        "goVersion": "",
    }
    return Answer([json.dumps(about)])


@enveloped
async def metadata(request: web.Request, parameters: Parameters) -> Answer:
    """Type and help of the metrics that there are, or of the one that `metric` names."""
    wanted = given.first(parameters, "metric")
    limit, each = given.whole(parameters, "limit"), given.whole(parameters, "limit_per_metric")
    there = set(request.app[VIEW].window.names())
    found: dict[str, list[dict[str, str]]] = {}
    for spec in ALL:
        names = {spec.name, f"{spec.name}_bucket", f"{spec.name}_count"}
        if (wanted and spec.name != wanted) or there.isdisjoint(names):
            continue
        if 0 <= limit <= len(found):
            break
        kind = "unknown" if spec.kind is Kind.UNTYPED else spec.kind.value
        found[spec.name] = [{"type": kind, "help": spec.help, "unit": ""}] if each else []
    return Answer([json.dumps(found, ensure_ascii=False)])


@enveloped
async def exemplars(request: web.Request, parameters: Parameters) -> Answer:  # noqa: ARG001 - what every handler is given
    """There are none."""
    given.query(parameters)
    return Answer(["[]"])


@enveloped
async def format_query(request: web.Request, parameters: Parameters) -> Answer:  # noqa: ARG001 - what every handler is given
    """The query, if it is one; kvmon has no taste of its own in how queries are laid out."""
    return Answer([json.dumps(given.query(parameters).text, ensure_ascii=False)])
