"""Dashboards that are shipped show what is sent."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kvmon.model.metrics.catalogue import ALL
from kvmon.tell.sinks.datadog.durations import AVERAGE
from kvmon.tell.sinks.datadog.more import rate_name
from kvmon.tell.sinks.datadog.names import CALLS_RATE, GROWING, STATES, UPTIME
from kvmon.tell.sinks.datadog.points import EXPIRES, OWN
from tests.tell.sinks.datadog.test_points import AGENT

FOLDER = Path(__file__).parents[4] / "dashboards" / "datadog"
METRIC = re.compile(r"(?:avg|sum|min|max):([A-Za-z][A-Za-z0-9_.]*)\{")
CHECKS = {"redis.can_connect", "redis.replication.master_link_status"}
SENT = (
    {name for name, *_ in AGENT}
    | {f"kvmon.{row.name.removeprefix(OWN)}" for row in ALL if row.name.startswith(OWN)}
    | {rate_name(field) for field in GROWING}
    | {*STATES.values(), UPTIME, CALLS_RATE, EXPIRES, AVERAGE}
)


PALETTES = {"white_on_red", "white_on_yellow", "white_on_green"}


def definitions(widgets: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Of all widgets, also those in groups."""
    for widget in widgets:
        assert set(widget) <= {"definition", "layout"}
        definition = widget["definition"]
        if definition["type"] == "group":
            assert definition["layout_type"] == "ordered"
            yield from definitions(definition["widgets"])
        else:
            yield definition


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.json")), ids=lambda path: path.stem)
def test_what_a_dashboard_names_is_sent(path: Path) -> None:
    found = list(definitions(json.loads(path.read_text())["widgets"]))
    queries = [request["q"] for each in found for request in each.get("requests", ())]
    named = [METRIC.findall(query) for query in queries]
    assert queries
    assert all(named), "every query names a metric"
    assert {name for names in named for name in names} <= SENT
    assert {each["check"] for each in found if "check" in each} <= CHECKS


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.json")), ids=lambda path: path.stem)
def test_a_dashboard_has_the_shape_that_the_api_takes(path: Path) -> None:
    data = json.loads(path.read_text())
    assert set(data) <= {"title", "description", "layout_type", "reflow_type", "template_variables", "widgets"}
    assert (data["layout_type"], bool(data["title"])) == ("ordered", True)
    variables = {variable["name"] for variable in data["template_variables"]}
    assert all(set(variable) == {"name", "prefix", "default"} for variable in data["template_variables"])
    for each in definitions(data["widgets"]):
        assert each["title"]
        match each["type"]:
            case "check_status":
                assert each["grouping"] == "cluster"
                assert each["group_by"]
                used = set(each["tags"])
            case "timeseries" | "query_value" | "toplist":
                used = {name for request in each["requests"] for name in re.findall(r"\$\w+", request["q"])}
                displays = {request.get("display_type", "line") for request in each["requests"]}
                assert displays <= {"line", "bars", "area"}
                formats = [each for request in each["requests"] for each in request.get("conditional_formats", ())]
                assert {each["palette"] for each in formats} <= PALETTES
            case other:
                raise AssertionError(other)
        assert {name.removeprefix("$") for name in used} <= variables
