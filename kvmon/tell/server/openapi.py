"""`/openapi.json`: the table of paths as an OpenAPI 3.1 document."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from aiohttp import web

from kvmon.tell.server.access import OPEN
from kvmon.tell.server.keys import ROUTES, VIEW
from kvmon.tell.server.limits import ENDLESS
from kvmon.tell.server.route import JSON, PROBLEM, TEXT, Query, Reply, Route, record

PLACES: Mapping[str, Mapping[str, Any]] = {
    "target": {"description": "The name of a target.", "schema": {"type": "string"}},
    "op": {"description": "What is to be done with it.", "schema": {"type": "string", "enum": ["read", "write"]}},
    "silence": {"description": "The id of a silence.", "schema": {"type": "string"}},
    "name": {"description": "A name.", "schema": {"type": "string"}},
}
"""The variable parts of paths."""

PROBLEMS: Mapping[str, Any] = {
    **record(type="string", title="string", status="integer", detail="string"),
    "description": "RFC 9457.",
}


async def openapi(request: web.Request) -> web.Response:
    """This document."""
    routes = request.app[ROUTES]
    text = json.dumps(document(routes, request.app[VIEW].version))
    return web.Response(body=text.encode(), content_type=JSON)


def document(routes: Sequence[Route], version: str) -> dict[str, Any]:
    """The document of these routes."""
    schemas: dict[str, Any] = {"Problem": PROBLEMS}
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        operation = _operation(route, schemas)
        methods = paths.setdefault(route.path, {})
        methods[route.method.lower()] = operation
        if route.method == "GET":
            methods["head"] = _without_bodies(operation)
    return {
        "openapi": "3.1.0",
        "info": {"title": "kvmon", "version": version, "description": "Watches Redis and Valkey."},
        "security": [{}, {"user": []}, {"token": []}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"user": {"type": "http", "scheme": "basic"}, "token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(route: Route, schemas: dict[str, Any]) -> dict[str, Any]:
    about = route.about
    summary = about.partition("\n\n")[0].replace("\n", " ")
    found: dict[str, Any] = {"summary": summary, "description": about, "parameters": _parameters(route)}
    if route.changes:
        found["security"] = [{}, {"token": []}]
    if route.form:
        properties = {query.name: _schema(query) for query in route.query}
        form = {"schema": {"type": "object", "properties": properties}}
        found["requestBody"] = {"required": False, "content": {"application/x-www-form-urlencoded": form}}
    elif route.body is not None:
        model = route.body()
        made = model.model_json_schema(ref_template="#/components/schemas/{model}", by_alias=True)
        schemas.update(made.pop("$defs", {}))
        schemas[model.__name__] = made
        reference = {"$ref": f"#/components/schemas/{model.__name__}"}
        found["requestBody"] = {"required": True, "content": {JSON: {"schema": reference}}}
    found["responses"] = _responses(route)
    return found


def _parameters(route: Route) -> list[dict[str, Any]]:
    names = re.findall(r"{(\w+)}", route.path)
    places: list[dict[str, Any]] = [{"name": name, "in": "path", "required": True, **PLACES[name]} for name in names]
    return places + [
        {
            "name": query.name,
            "in": "query",
            "description": query.about,
            "required": query.required and not route.form,
            "schema": _schema(query),
        }
        for query in route.query
    ]


def _schema(query: Query) -> dict[str, Any]:
    one: dict[str, Any] = {"type": query.kind}
    if query.choices:
        one["enum"] = list(query.choices)
    return {"type": "array", "items": one} if query.many else one


def _responses(route: Route) -> dict[str, Any]:
    refused = {HTTPStatus.BAD_REQUEST, *route.refused}
    if route.path not in OPEN:
        refused.add(HTTPStatus.UNAUTHORIZED)
    if route.changes:
        refused.add(HTTPStatus.FORBIDDEN)
    if route.path not in ENDLESS:
        refused.add(HTTPStatus.GATEWAY_TIMEOUT)
    if route.body is not None or route.form:
        refused.add(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    found = {str(status): _response(reply) for status, reply in route.replies.items()}
    for status in sorted(refused):
        told = found.setdefault(str(status.value), {"description": status.phrase})
        content = told.setdefault("content", {})
        content[PROBLEM] = {"schema": {"$ref": "#/components/schemas/Problem"}}
        if status is HTTPStatus.BAD_REQUEST:
            content.setdefault(TEXT, {"schema": {"type": "string"}})  # what is not even HTTP is refused before any handler
    return found


def _response(reply: Reply) -> dict[str, Any]:
    if not reply.media:
        return {"description": reply.about}
    schema = reply.schema if reply.schema is not None else {"type": "string"}
    return {"description": reply.about, "content": {media: {"schema": schema} for media in reply.media}}


def _without_bodies(operation: Mapping[str, Any]) -> dict[str, Any]:
    replies = {status: {"description": each["description"]} for status, each in operation["responses"].items()}
    return {**operation, "responses": replies}
