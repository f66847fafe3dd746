"""The shipped dashboards for Grafana: up to date, about metrics that exist, readable, and drawn without a fault."""

from __future__ import annotations

import html
import itertools
import json
import time
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from dashboards.source import ALL
from dashboards.source.grafana import COLUMNS, text
from dashboards.source.model import Dashboard, Panel, Query
from docs import preview
from kvmon.judge.promql import parse
from kvmon.judge.promql.tree import Binary, Expr, Number, Selector, children, plain
from kvmon.model.metrics.catalogue import ALL as CATALOGUE
from tests.ship.test_alerts import KNOWN, ROOT

PANELS = [(dashboard, panel) for dashboard in ALL for row in dashboard.rows for panel in row.panels]
OTHERS = {"process_cpu_seconds_total", "process_resident_memory_bytes"}
"""Metrics of every process that Prometheus watches."""


def by_title(value: object) -> str:
    return getattr(value, "uid", getattr(value, "title", ""))


def expression(query: Query) -> Expr:
    """What Grafana sends, with its variables filled in."""
    filled = query.expression.replace("$__rate_interval", "1m").replace("$target", ".*").replace("$instance", ".*")
    return parse(filled).expr


def every(expr: Expr) -> list[Expr]:
    return [expr, *itertools.chain.from_iterable(map(every, children(expr)))]


@pytest.mark.parametrize("dashboard", ALL, ids=by_title)
def test_the_file_is_what_the_rows_say(dashboard: Dashboard) -> None:
    path = ROOT / "dashboards" / "grafana" / f"{dashboard.uid}.json"
    assert path.read_text() == text(dashboard), "written anew by `make docs`"


def test_no_file_is_left_over() -> None:
    assert {path.stem for path in Path(ROOT / "dashboards" / "grafana").glob("*.json")} == {dashboard.uid for dashboard in ALL}


@pytest.mark.parametrize(("dashboard", "panel"), PANELS, ids=by_title)
def test_a_panel_says_what_it_shows_and_in_which_unit(dashboard: Dashboard, panel: Panel) -> None:
    del dashboard
    assert panel.title
    assert panel.unit
    assert len(panel.about) > 15
    assert panel.about.endswith(".")
    assert panel.alarming[0][0] is None
    bounds = [value for value, _ in panel.alarming[1:] if value is not None]
    assert bounds == sorted(bounds)
    if panel.runbook:
        assert (ROOT / "docs" / "runbooks" / f"{panel.runbook}.md").exists()


@pytest.mark.parametrize(("dashboard", "panel"), PANELS, ids=by_title)
def test_what_speaks_of_a_target_speaks_of_the_chosen_one(dashboard: Dashboard, panel: Panel) -> None:
    if not dashboard.by_node:
        return
    labels = {row.name: row.labels for row in CATALOGUE}
    for query in panel.queries:
        for expr in every(expression(query)):
            if isinstance(expr, Selector) and (expr.name.startswith("redis_") or "target" in labels.get(expr.name, ())):
                assert "target" in {matcher.name for matcher in expr.matchers}, query.expression


@pytest.mark.parametrize(("dashboard", "panel"), PANELS, ids=by_title)
def test_a_panel_asks_for_metrics_that_exist(dashboard: Dashboard, panel: Panel) -> None:
    del dashboard
    for query in panel.queries:
        names = {expr.name for expr in every(expression(query)) if isinstance(expr, Selector)}
        assert names
        assert names <= KNOWN | OTHERS


@pytest.mark.parametrize(("dashboard", "panel"), PANELS, ids=by_title)
def test_nothing_is_divided_by_what_may_be_zero(dashboard: Dashboard, panel: Panel) -> None:
    del dashboard
    for query in panel.queries:
        for expr in every(expression(query)):
            if isinstance(expr, Binary) and expr.op == "/":
                divisor = plain(expr.right)
                guarded = isinstance(divisor, Binary) and divisor.op in (">", "!=")
                assert guarded or isinstance(divisor, Number), query.expression


@pytest.mark.parametrize("dashboard", ALL, ids=by_title)
def test_every_panel_can_be_drawn_for_its_picture(dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch) -> None:
    labels = dict.fromkeys(("target", "instance", "cmd", "op"), "<script>")

    def answer(url: str, timeout: float) -> BytesIO:
        assert "$" not in url
        assert timeout
        values = [[time.time() - back, str(number)] for number, back in enumerate((120.0, 60.0, 0.0))]
        return BytesIO(json.dumps({"data": {"result": [{"metric": labels, "values": values}]}}).encode())

    monkeypatch.setattr(preview, "urlopen", answer)
    page = preview.page(ROOT / "dashboards" / "grafana" / f"{dashboard.uid}.json", "http://k", target="it", height=10_000)
    for row in dashboard.rows:
        assert html.escape(row.title) in page
        assert row.collapsed or all(html.escape(panel.title) in page for panel in row.panels)
    assert "<script>" not in page
    assert "M0.0 " not in page, "nothing is drawn where nothing is known"


@pytest.mark.parametrize("dashboard", ALL, ids=by_title)
def test_panels_lie_side_by_side(dashboard: Dashboard) -> None:
    panels: list[dict[str, Any]] = json.loads(text(dashboard))["panels"]
    shown = [*panels, *(inner for panel in panels for inner in panel.get("panels", ()))]
    assert len({panel["id"] for panel in shown}) == len(shown)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        place = panel["gridPos"]
        cells = {(place["x"] + x, place["y"] + y) for x in range(place["w"]) for y in range(place["h"])}
        assert max(x for x, _ in cells) < COLUMNS
        assert not cells & taken, panel["title"]
        taken |= cells
