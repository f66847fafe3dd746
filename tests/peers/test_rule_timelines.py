"""Alerts over time as Prometheus has them: random rules over random series, each minute's ALERTS compared by promtool."""

from __future__ import annotations

import json
import random
import subprocess
from pathlib import Path
from typing import Any

from kvmon.judge.promql import Vector, instant, parse
from kvmon.judge.promql.labels import text_of
from kvmon.judge.rules.rulefile import read_file
from kvmon.judge.rules.unit import run
from kvmon.judge.rules.unit.testfile import read_tests
from tests.servers.kinds import tool

MINUTES = 40


def rules(chance: random.Random) -> dict[str, Any]:
    def alert(number: int) -> dict[str, Any]:
        return {
            "alert": f"A{number}",
            "expr": chance.choice(["v > 0", "v == 1", "r > 1", "avg_over_time(v[3m]) > 0.5", "v offset 2m > 0", "absent(v)"]),
            "for": f"{chance.choice([0, 1, 2, 3, 7])}m",
            "keep_firing_for": f"{chance.choice([0, 0, 1, 4])}m",
            "labels": chance.choice([{}, {"level": "{{ $value }}"}, {"gone": ""}, {"i": "same{{ $labels.i }}"}]),
            "annotations": {"text": "{{ $labels.i }} has {{ $value }}"},
        }

    recorded = {"record": "r", "expr": "v + on (i) group_left () v * 2"}
    behind = {"name": "behind", "query_offset": f"{chance.choice([1, 3])}m", "rules": [{**alert(9), "expr": "v > 0"}]}
    return {"groups": [{"name": "g", "rules": [recorded, *[alert(number) for number in range(6)]]}, behind]}


def values(chance: random.Random) -> str:
    return " ".join(chance.choice(["0", "1", "1", "1x3", "0x2", "_", "_x6", "stale", "NaN", "2"]) for _ in range(MINUTES))


def test_alerts_and_their_series_minute_by_minute(tmp_path: Path) -> None:
    """kvmon's own timeline is written down as expectations, and promtool confirms each of them."""
    names = []
    for seed in range(12):
        chance = random.Random(seed)
        folder = tmp_path / str(seed)
        folder.mkdir()
        (folder / "rules.yaml").write_text(json.dumps(rules(chance)))
        series = [{"series": f'v{{i="{name}"}}', "values": values(chance)} for name in "abc"]
        test = {"interval": "1m", "input_series": series}
        (folder / "test.yaml").write_text(
            json.dumps({"rule_files": ["rules.yaml"], "tests": [{**test, **expected(folder, test)}]})
        )
        names.append(str(folder / "test.yaml"))

    done = subprocess.run([tool("PROMTOOL"), "test", "rules", *names], capture_output=True, text=True, timeout=300, check=False)

    assert done.returncode == 0, (done.stdout + done.stderr)[:3000]


def expected(folder: Path, test: dict[str, Any]) -> dict[str, Any]:
    """What kvmon has for each minute: firing alerts, and the series."""
    path = folder / "asked.yaml"
    end = [{"eval_time": f"{MINUTES}m", "alertname": "Nobody"}]
    path.write_text(json.dumps({"rule_files": ["rules.yaml"], "tests": [{**test, "alert_rule_test": end}]}))
    file = read_tests(str(path))
    groups = read_file(str(folder / "rules.yaml"))
    mine = run._Run(file, file.tests[0], groups)
    alerts: list[dict[str, Any]] = []
    for minute in range(MINUTES + 1):
        mine._load(minute * 60_000)
        problems = list(mine._evaluate(minute * 60_000))
        assert problems == []
        for name in [f"A{number}" for number in (*range(6), 9)]:
            firing = [
                {"exp_labels": dict(alert.labels), "exp_annotations": dict(alert.annotations)}
                for group in groups
                for rule in group.rules
                if rule.name == name
                for alert in mine._states[id(rule)].alerts.values()
                if alert.state.value == "firing"
            ]
            alerts.append({"eval_time": f"{minute}m", "alertname": name, "exp_alerts": firing})
    exprs = []
    for minute in range(MINUTES + 1):
        for expr in ('{__name__=~"ALERTS|ALERTS_FOR_STATE"}', "r >= 0"):
            found = instant(parse(expr), mine._store, minute * 60_000).value
            assert isinstance(found, Vector)
            samples = [{"labels": text_of(point.labels), "value": point.value} for point in found]
            exprs.append({"expr": expr, "eval_time": f"{minute}m", "exp_samples": samples})
    return {"alert_rule_test": alerts, "promql_expr_test": exprs}
