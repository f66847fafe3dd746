"""Dashboards as the JSON that Grafana imports (schema 39, Grafana 10 and later)."""

from __future__ import annotations

import json
from typing import Any

from dashboards.source.model import Dashboard, Panel

SOURCE = {"type": "prometheus", "uid": "${datasource}"}
COLUMNS = 24


def text(dashboard: Dashboard) -> str:
    """The file."""
    return json.dumps(document(dashboard), indent=1, ensure_ascii=False) + "\n"


def document(dashboard: Dashboard) -> dict[str, Any]:
    """What Grafana imports."""
    return {
        "uid": dashboard.uid,
        "title": dashboard.title,
        "description": dashboard.about,
        "tags": ["kvmon", "redis", "valkey"],
        "schemaVersion": 39,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "15s",
        "time": {"from": "now-1h", "to": "now"},
        "timezone": "browser",
        "links": [
            {"title": "kvmon", "type": "dashboards", "tags": ["kvmon"], "asDropdown": True, "includeVars": True, "keepTime": True}
        ],
        "annotations": {"list": [_restarts()] if dashboard.by_node else []},
        "templating": {"list": _variables(by_node=dashboard.by_node)},
        "panels": _panels(dashboard),
    }


def _variables(*, by_node: bool) -> list[dict[str, Any]]:
    source = {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus"}
    if not by_node:
        return [source]
    return [source, _labels("target", "Target", "redis_up"), _labels("instance", "Instance", 'redis_up{target=~"$target"}')]


def _labels(name: str, label: str, series: str) -> dict[str, Any]:
    query = f"label_values({series}, {name})"
    return {
        "name": name, "label": label, "type": "query", "datasource": SOURCE, "definition": query,
        "query": {"query": query, "refId": name}, "refresh": 2, "sort": 1, "multi": True, "includeAll": True, "allValue": ".*",
        "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
    }  # fmt: skip


def _restarts() -> dict[str, Any]:
    return {
        "name": "Restarts and role changes", "datasource": SOURCE, "enable": True, "iconColor": "orange", "titleFormat": "{{instance}}",
        "expr": 'changes(kvmon_restarts_total{target=~"$target"}[1m]) + changes(kvmon_role_changes_total{target=~"$target"}[1m]) > 0',
        "step": "60s",
    }  # fmt: skip


def _panels(dashboard: Dashboard) -> list[dict[str, Any]]:
    """All panels, laid out from left to right below the headings of their rows."""
    made: list[dict[str, Any]] = []
    y = 0
    for row in dashboard.rows:
        heading = {
            "id": len(made) + 1, "type": "row", "title": row.title, "collapsed": row.collapsed, "panels": [],
            "gridPos": {"x": 0, "y": y, "w": COLUMNS, "h": 1},
        }  # fmt: skip
        made.append(heading)
        x, y, tallest = 0, y + 1, 0
        inside: list[dict[str, Any]] = []
        for panel in row.panels:
            if x + panel.width > COLUMNS:
                x, y, tallest = 0, y + tallest, 0
            place = {"x": x, "y": y, "w": panel.width, "h": panel.height}
            inside.append({"id": len(made) + len(inside) + 1, "gridPos": place, **_panel(panel)})
            x, tallest = x + panel.width, max(tallest, panel.height)
        y += tallest
        if row.collapsed:
            heading["panels"] = inside
        else:
            made += inside
    # Inside of a collapsed row, too, every panel has a number of its own.
    every = [one for panel in made for one in (panel, *panel.get("panels", ()))]
    for place_in_order, one in enumerate(every, start=1):
        one["id"] = place_in_order
    return made


def _panel(panel: Panel) -> dict[str, Any]:
    least, most = panel.bounds
    steps = [{"value": value, "color": color} for value, color in panel.alarming]
    defaults: dict[str, Any] = {
        "unit": panel.unit,
        "thresholds": {"mode": "absolute", "steps": steps},
        "custom": {},
        "mappings": [],
    }
    if panel.mapping:
        words = {
            value: {"text": word, "color": color, "index": place} for place, (value, word, color) in enumerate(panel.mapping)
        }
        defaults["mappings"] = [{"type": "value", "options": words}]
    if least is not None:
        defaults["min"] = least
    if most is not None:
        defaults["max"] = most
    about = f"{panel.about} Runbook: docs/runbooks/{panel.runbook}.md" if panel.runbook else panel.about
    return {
        "type": panel.kind, "title": panel.title, "description": about, "datasource": SOURCE,
        "targets": [_target(panel, place) for place in range(len(panel.queries))],
        "fieldConfig": {"defaults": {**defaults, "custom": _custom(panel)}, "overrides": []},
        "options": _options(panel),
        **({"transformations": [{"id": "merge", "options": {}}]} if panel.kind == "table" else {}),
    }  # fmt: skip


def _target(panel: Panel, place: int) -> dict[str, Any]:
    query = panel.queries[place]
    now = panel.kind != "timeseries"
    return {
        "refId": chr(ord("A") + place), "datasource": SOURCE, "expr": query.expression, "legendFormat": query.legend,
        "instant": now, "range": not now, "format": "table" if panel.kind == "table" else "time_series",
    }  # fmt: skip


def _custom(panel: Panel) -> dict[str, Any]:
    if panel.kind != "timeseries":
        return {}
    alarming = len(panel.alarming) > 1
    return {
        "drawStyle": "line", "lineWidth": 1, "fillOpacity": 60 if panel.stacked else 8, "showPoints": "never", "spanNulls": False,
        "stacking": {"mode": "normal" if panel.stacked else "none", "group": "A"},
        "thresholdsStyle": {"mode": "line" if alarming else "off"},
    }  # fmt: skip


def _options(panel: Panel) -> dict[str, Any]:
    if panel.kind == "timeseries":
        legend = {"displayMode": "table", "placement": "bottom", "showLegend": True, "calcs": ["lastNotNull", "max"]}
        return {"legend": legend, "tooltip": {"mode": "multi", "sort": "desc"}}
    last = {"calcs": ["lastNotNull"], "fields": "", "values": False}
    if panel.kind == "stat":
        return {"reduceOptions": last, "colorMode": "background", "graphMode": "area", "textMode": "auto", "justifyMode": "auto"}
    if panel.kind == "bargauge":
        return {"reduceOptions": last, "displayMode": "gradient", "orientation": "horizontal"}
    return {"showHeader": True, "footer": {"show": False}}
