from __future__ import annotations

import json
from typing import Any

import pytest

from kvmon.tell.server.app import make_app
from kvmon.tell.server.openapi import document
from kvmon.tell.server.routes import ROUTES
from tests.tell.server.seen import seen
from tests.tell.server.test_server import door, get

METHODS = {"get", "head", "post", "put", "delete"}


@pytest.fixture(scope="module")
def made() -> Any:
    return document(ROUTES, "1.2.3")


async def test_the_document_and_the_application_have_the_same_paths(made: Any) -> None:
    told = {(method.upper(), path) for path, methods in made["paths"].items() for method in methods}
    there = {(route.method, route.resource.canonical) for route in make_app(seen()).router.routes() if route.resource is not None}
    assert told == there
    assert {method for methods in made["paths"].values() for method in methods} <= METHODS


async def test_it_is_served(made: Any) -> None:
    response, text = await get(seen(), "/openapi.json")
    assert response.headers["Content-Type"] == "application/json"
    assert json.loads(text)["paths"] == made["paths"]


def test_every_operation_is_described_and_every_reference_leads_somewhere(made: Any) -> None:
    for path, methods in made["paths"].items():
        for method, operation in methods.items():
            assert operation["summary"], f"{method} {path} has no docstring"
            assert {parameter["name"] for parameter in operation["parameters"] if parameter["in"] == "path"} == {
                word.removesuffix("}") for word in path.replace("/", "{").split("{") if word.endswith("}")
            }
            assert "400" in operation["responses"]
    for reference in _references(made):
        assert reference.removeprefix("#/components/schemas/") in made["components"]["schemas"]


def test_what_changes_something_may_be_refused(made: Any) -> None:
    for path, methods in made["paths"].items():
        for method in METHODS - {"get", "head"}:
            if method in methods and not path.startswith("/api/v1/"):
                assert {"401", "403"} <= methods[method]["responses"].keys(), f"{method} {path}"


def test_bodies_are_described_by_the_models_that_read_them(made: Any) -> None:
    report = made["components"]["schemas"]["ReportBody"]
    assert set(report["required"]) == {"reporter", "batch", "outcomes"}
    assert "class" in made["components"]["schemas"]["OutcomeBody"]["properties"]


async def test_an_answer_that_is_not_in_the_document_would_be_seen(made: Any) -> None:
    async with door(seen()) as client:
        response = await client.get("/v1/breakers/nobody")
        body = await response.json(content_type=None)
    told = made["paths"]["/v1/breakers/{target}"]["get"]["responses"][str(response.status)]["content"]
    assert response.content_type in told
    assert body.keys() >= set(made["components"]["schemas"]["Problem"]["required"])


def _references(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [value["$ref"]] if "$ref" in value else []
        return own + [found for each in value.values() for found in _references(each)]
    return [found for each in value for found in _references(each)] if isinstance(value, list) else []
