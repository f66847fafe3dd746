"""Draws a dashboard as Grafana would, from its file and a Prometheus API: a picture where there is no Grafana.

Only what the shipped dashboards use is drawn: rows, stats, time series and tables.
"""

from __future__ import annotations

import html
import json
import math
import re
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import urlopen

from kvmon.tell.server.pages.texts import bytes_text, rate_text, ratio_text, seconds_text, short_text

LINES = ("#73bf69", "#f2cc0c", "#5794f2", "#ff9830", "#f2495c", "#b877d9", "#8ab8ff", "#ffb357")
COLOURS = {"green": "#3f8f4f", "yellow": "#b8860b", "red": "#c4162a", "blue": "#1f60c4"}
ROW, CELL = 38, 60
"""Pixels: the height of a grid row, the width of one of the 24 columns."""

SPAN, POINTS = 300.0, 60

STYLE = """
body { margin: 0; background: #111217; color: #ccccdc; font: 13px system-ui, sans-serif; padding: 8px; }
h1 { font-size: 17px; font-weight: 500; margin: 4px 4px 10px; } h1 span { color: #7b8087; font-size: 13px; }
.panel { position: absolute; box-sizing: border-box; background: #181b1f; border: 1px solid #25272c; border-radius: 3px; overflow: hidden; }
.panel h2 { font-size: 13px; font-weight: 500; margin: 0; padding: 7px 9px 2px; white-space: nowrap; position: relative; z-index: 1; }
.row { position: absolute; font-size: 15px; padding: 9px 4px; } svg { display: block; margin: 2px 9px 0; }
.stat { color: #fff; font-size: 26px; display: grid; place-items: center; position: absolute; inset: 0; }
.legend { padding: 4px 9px; color: #9fa7b3; font-size: 12px; line-height: 1.5; } i { display: inline-block; width: 10px; height: 3px; margin-right: 5px; vertical-align: 3px; }
.legend b { float: right; font-weight: 400; color: #ccccdc; } table { width: 100%; border-collapse: collapse; } td { padding: 4px 9px; border-top: 1px solid #25272c; }
"""  # noqa: E501 - a rule of a style sheet is a line


def page(file: Path, url: str, *, target: str, height: int) -> str:
    """The HTML of one about a target; what begins below `height` pixels is left out."""
    text = file.read_text()
    for name, value in (("$target", target), ("$instance", ".*"), ("$__rate_interval", "1m")):
        text = text.replace(name, value)
    dashboard = json.loads(text)
    panels = [_panel(panel, url) for panel in dashboard["panels"] if panel["gridPos"]["y"] * ROW < height]
    title = f"<h1>{html.escape(dashboard['title'])} <span>last 5 minutes</span></h1>"
    return f"<style>{STYLE}</style>{title}<div style='position:relative'>{''.join(panels)}</div>"


def _panel(panel: Mapping[str, Any], url: str) -> str:
    place = panel["gridPos"]
    box = f"left:{place['x'] * CELL}px;top:{place['y'] * ROW}px;width:{place['w'] * CELL - 8}px;height:{place['h'] * ROW - 8}px"
    title = html.escape(panel["title"])
    if panel["type"] == "row":
        return f"<div class='row' style='{box}'>▾ {title}</div>"
    draw = {"stat": _stat, "table": _table}.get(panel["type"], _lines)
    return f"<div class='panel' style='{box}'><h2>{title}</h2>{draw(panel, url)}</div>"


def _stat(panel: Mapping[str, Any], url: str) -> str:
    found = [value for _, values in _asked(panel, url) if (value := values[-1]) is not None]
    worst = max(found, default=None)
    words = {
        key: option for mapping in panel["fieldConfig"]["defaults"]["mappings"] for key, option in mapping["options"].items()
    }
    if words and found:
        worst = max(found, key=lambda value: words.get(f"{value:g}", {}).get("color") == "red")  # of yes and no the no
    word = words.get(f"{worst:g}") if worst is not None else None
    colour = COLOURS[word["color"] if word else _colour(panel, worst)]
    text = word["text"] if word else _text(panel, worst)
    return f"<div class='stat' style='background:{colour}'>{html.escape(text)}</div>"


def _table(panel: Mapping[str, Any], url: str) -> str:
    rows = [f"<tr><td>{html.escape(name)}<td>{html.escape(_text(panel, values[-1]))}" for name, values in _asked(panel, url)]
    return f"<table>{''.join(rows)}</table>"


def _lines(panel: Mapping[str, Any], url: str) -> str:
    series = [(name, values) for name, values in _asked(panel, url) if any(value is not None for value in values)]
    place = panel["gridPos"]
    shown = series[: max(1, place["h"] - 5)]
    width, height = place["w"] * CELL - 30, place["h"] * ROW - 48 - 19 * len(shown)
    most = max((value for _, values in series for value in values if value is not None), default=0.0) or 1.0
    colours = [LINES[number % len(LINES)] for number in range(len(series))]
    paths = [
        f"<path d='{_path(values, width, height, most * 1.1)}' fill='none' stroke='{colour}' stroke-width='1.5'/>"
        for colour, (_, values) in zip(colours, series, strict=True)
    ]
    grid = "".join(f"<path d='M0 {height * part:.0f}H{width}' stroke='#25272c'/>" for part in (0.09, 0.39, 0.7, 0.99))
    legend = [
        f"<div><i style='background:{colour}'></i>{html.escape(name)}<b>{html.escape(_text(panel, values[-1]))}</b></div>"
        for colour, (name, values) in zip(colours, shown, strict=False)
    ]
    return f"<svg width='{width}' height='{height}'>{grid}{''.join(paths)}</svg><div class='legend'>{''.join(legend)}</div>"


def _path(values: Iterable[float | None], width: int, height: int, top: float) -> str:
    drawn, pen = [], "M"
    for place, value in enumerate(values):
        if value is None:
            pen = "M"
            continue
        drawn.append(f"{pen}{width * place / (POINTS - 1):.1f} {height * (1 - max(0.0, value) / top):.1f}")
        pen = "L"
    return "".join(drawn)


def _asked(panel: Mapping[str, Any], url: str) -> list[tuple[str, list[float | None]]]:
    """The series of all queries: a name and POINTS values."""
    end = time.time()
    step = SPAN / (POINTS - 1)
    found = []
    for target in panel["targets"]:
        words = urlencode({"query": target["expr"], "start": end - SPAN, "end": end, "step": step})
        with urlopen(f"{url}/api/v1/query_range?{words}", timeout=60) as answer:  # noqa: S310 - a daemon of our own
            result = json.load(answer)["data"]["result"]
        for each in result:
            at = {round((float(moment) - end + SPAN) / step): float(value) for moment, value in each["values"]}
            values = [at[place] if place in at and math.isfinite(at[place]) else None for place in range(POINTS)]
            found.append((_name(target["legendFormat"], each["metric"]), values))
    return found


def _name(legend: str, labels: Mapping[str, str]) -> str:
    return re.sub(r"{{(\w+)}}", lambda word: labels.get(word[1], ""), legend).strip()


def _colour(panel: Mapping[str, Any], value: float | None) -> str:
    steps = panel["fieldConfig"]["defaults"]["thresholds"]["steps"]
    reached = [step["color"] for step in steps if step["value"] is None or (value is not None and value >= step["value"])]
    return str(reached[-1])


def _text(panel: Mapping[str, Any], value: float | None) -> str:
    unit = panel["fieldConfig"]["defaults"]["unit"]
    texts = {"bytes": bytes_text, "Bps": rate_text, "percentunit": ratio_text, "s": seconds_text}
    if value is not None and unit == "µs":
        return seconds_text(value / 1e6)
    return texts.get(unit, short_text)(value)
