"""Dashboards that are shipped show what is sent."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from kvmon.model.metrics.catalogue import ALL
from kvmon.tell.sinks.datadog.more import rate_name
from kvmon.tell.sinks.datadog.names import CALLS_RATE, GROWING, STATES, UPTIME
from kvmon.tell.sinks.datadog.points import OWN
from tests.tell.sinks.datadog.test_points import AGENT, NOT_SENT

FOLDER = Path(__file__).parents[4] / "dashboards" / "datadog"
METRIC = re.compile(r"(?:avg|sum|min|max):([A-Za-z][A-Za-z0-9_.]*)\{")
CHECKS = {"redis.can_connect", "redis.replication.master_link_status"}
SENT = (
    {name for name, *_ in AGENT} - set(NOT_SENT)
    | {f"kvmon.{row.name.removeprefix(OWN)}" for row in ALL if row.name.startswith(OWN)}
    | {rate_name(field) for field in GROWING}
    | {*STATES.values(), UPTIME, CALLS_RATE}
)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.json")), ids=lambda path: path.stem)
def test_what_a_dashboard_names_is_sent(path: Path) -> None:
    definitions = [widget["definition"] for widget in json.loads(path.read_text())["widgets"]]
    queries = [request["q"] for each in definitions for request in each.get("requests", ())]
    found = [METRIC.findall(query) for query in queries]
    assert queries
    assert all(found), "every query names a metric"
    assert {name for names in found for name in names} <= SENT
    assert {each["check"] for each in definitions if "check" in each} <= CHECKS
