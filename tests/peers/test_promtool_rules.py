"""`kvmon rules` beside promtool: the same files, the same verdicts and exit codes; also for files that were broken on purpose."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.judge.alerts.test_texts import RECORDED
from tests.servers.kinds import tool

FILES = Path(__file__).parents[1] / "judge" / "rules" / "files"
RULES = (FILES / "rules.yaml").read_text()
TESTS = (FILES / "rules_test.yaml").read_text()

BROKEN_RULES = [
    ("for: 2m", "for: 2x"),
    ("for: 2m", "for: 3m"),
    ("for: 2m", "hold: 2m"),
    ("for: 2m", "for: 2m\n        for: 3m"),
    ("keep_firing_for: 3m", "keep_firing_for: 2m"),
    ("limit: 3", "limit: 1"),
    ("query_offset: 2m", "query_offset: 1m"),
    ("name: behind", "name: alerts"),
    ("name: behind", "name: ''"),
    ("expr: up == 0", "expr: up =="),
    ("expr: up == 0", "expr: up == 'err'"),
    ("expr: up == 0", "expr: rate(up)"),
    ("expr: up == 0", "expr: ''"),
    ("expr: up == 0", "expr: sum by (job) (up) == 0"),
    ("expr: 42", "expr: '\"text\"'"),
    ("expr: 42", "expr: up[5m]"),
    ("record: a:scalar", "record: a{scalar"),
    ("record: a:scalar", "record: a:scalar\n        for: 1m"),
    ("record: a:scalar", "record: a:scalar\n        annotations: {a: b}"),
    ("record: a:scalar", "record: a:scalar\n        alert: Both"),
    ("record: up:late", "labels: {instance: x}\n        record: up:late"),
    ("alert: Always", "alert: Always\n        labels: {__name__: x}"),
    ("alert: Always", "alert: Always\n        labels: [a]"),
    ("alert: Always", "alert: Always\n        annotations: {a: '{{ nope }}'}"),
    ("alert: Always", "alert: Always\n        annotations: {a: '{{ .x'}"),
    ("alert: Quick\n        expr: up == 0", "alert: Quick\n        expr: up\n        labels: {instance: same}"),
    ("{team: core}", "{team: core, __name__: x}"),
    ("{severity: critical", "{severity: 5"),
    ("{severity: critical", "{severity: ~"),
    ("interval: 1m", "interval: 0"),
    ("groups:", "group:"),
    ("groups:", "---\ngroups:"),
    ("  - name: alerts", "  - name: alerts\n    rules: []"),
    ("rules:\n      - record", "rules: {}\n      - record"),
]

BROKEN_TESTS = [
    ("values: 1 1 0x5 1x10", "values: 1 1 0x4 1x10"),
    ("values: 1 1 0x5 1x10", "values: 1 1 0x5 1y10"),
    ("values: 1 1 0x5 1x10", "values: ''"),
    ('series: \'up{job="redis", instance="a"}\'', 'series: \'up{job=~"redis", instance="a"}\''),
    ('series: \'up{job="redis", instance="a"}\'', "series: 'up{job='"),
    ("exp_annotations: {summary: a is down (0), all: 1 up}", "exp_annotations: {summary: a is down (0)}"),
    ("exp_labels: {severity: critical, where: a, instance: a}", "exp_labels: {severity: critical}"),
    ("alertname: Old", "alertname: ''"),
    ("alertname: Old", "alertname: Old\n        bogus: 1"),
    ("eval_time: 4m30s", "eval_time: 3m59s"),
    ("evaluation_interval: 1m", "evaluation_interval: 2m"),
    ("evaluation_interval: 1m", "evaluation_interval: 30s"),
    ("evaluation_interval: 1m", "fuzzy_compare: true"),
    ("value: 0.49999999999999994", "value: 0.5"),
    ("value: 0.49999999999999994", "value: NaN"),
    ("evaluation_interval: 1m\n", "evaluation_interval: 1m\nfuzzy_compare: true\n# was 0.49999999999999994\n"),
    ("group_eval_order: [recorded, alerts]", "group_eval_order: [alerts, alerts]"),
    ("group_eval_order: [recorded, alerts]", "group_eval_order: [behind]"),
    ("rule_files: [rules.yaml]", "rule_files: [nothing.yaml]"),
    ("rule_files: [rules.yaml]", "rule_files: ['nothing*.yaml']"),
    ("rule_files: [rules.yaml]", "rule_files: ['r*s.yaml']"),
    ("- expr: up:late", "- expr: up:late +"),
    ("- expr: up:late", "- expr: up:late * on (job) up:late"),
    ("- expr: sum(nothing_at_all)", "- expr: absent(nothing_at_all)"),
    ("value: 42", "value: 43"),
    ("'a:scalar{team=\"core\"}'", "'a:scalar{team=\"core\"'"),
    ("'a:scalar{team=\"core\"}'", '\'{__name__="a:scalar", team="core"}\''),
    ("tests:", "tests:\n  - {}"),
    ("tests:", "test:"),
]


def both(folder: Path, *words: str) -> tuple[int, int, str]:
    """Exit codes of promtool and of kvmon, and what both said."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    theirs = subprocess.run(
        [tool("PROMTOOL"), words[0], words[1], *words[2:]], cwd=folder, capture_output=True, text=True, timeout=120, check=False
    )
    order = [sys.executable, "-m", "kvmon", words[1], words[0], *words[2:]]
    ours = subprocess.run(order, cwd=folder, capture_output=True, text=True, timeout=120, check=False, env=environment)
    return theirs.returncode, ours.returncode, f"{theirs.stdout}{theirs.stderr}\n---\n{ours.stdout}{ours.stderr}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "rules.yaml").write_text(RULES)
    (tmp_path / "rules_test.yaml").write_text(TESTS)
    return tmp_path


def test_good_files_pass_in_both(folder: Path) -> None:
    assert both(folder, "check", "rules", "rules.yaml")[:2] == (0, 0)
    assert both(folder, "test", "rules", "rules_test.yaml")[:2] == (0, 0)


@pytest.mark.slow
@pytest.mark.parametrize(("old", "new"), BROKEN_RULES)
def test_broken_rules_get_the_same_verdicts(folder: Path, old: str, new: str) -> None:
    assert old in RULES
    (folder / "rules.yaml").write_text(RULES.replace(old, new, 1))

    for words in (("check", "rules", "rules.yaml"), ("test", "rules", "rules_test.yaml")):
        theirs, ours, said = both(folder, *words)
        assert theirs == ours, said


@pytest.mark.slow
@pytest.mark.parametrize(("old", "new"), BROKEN_TESTS)
def test_broken_tests_get_the_same_verdicts(folder: Path, old: str, new: str) -> None:
    assert old in TESTS
    (folder / "rules_test.yaml").write_text(TESTS.replace(old, new, 1))

    theirs, ours, said = both(folder, "test", "rules", "rules_test.yaml")

    assert theirs == ours, said


def test_promtool_still_expands_templates_as_it_did_when_they_were_recorded(folder: Path) -> None:
    """promtool agrees that the recorded texts are what alerts carry. Its storage has no order of its own, unlike ours."""
    texts = [
        (text if "error" in got else text.replace('query "up"', 'query "sort_desc(up)"'), got)
        for text, got in RECORDED["expanded"]
    ]
    rules = [
        {"alert": f"A{i}", "expr": 'v{instance="web:6379"}', "annotations": {"a": text}} for i, (text, _) in enumerate(texts)
    ]
    expected = [
        {
            "eval_time": "2m",
            "alertname": f"A{i}",
            "exp_alerts": [{"exp_labels": {"instance": "web:6379", "job": "j"}, "exp_annotations": {"a": got}}],
        }
        for i, (_, got) in enumerate(texts)
    ]
    series = [
        {"series": 'v{instance="web:6379",job="j"}', "values": "3.25x10"},
        {"series": 'up{instance="web:6379"}', "values": "1x10"},
        {"series": 'up{instance="db:1"}', "values": "0x10"},
    ]
    test = {
        "interval": "1m", "external_labels": {"region": "eu"}, "external_url": "http://k:9/x", "input_series": series,
        "alert_rule_test": expected,
    }  # fmt: skip
    (folder / "texts.yaml").write_text(json.dumps({"groups": [{"name": "g", "rules": rules}]}))
    (folder / "texts_test.yaml").write_text(json.dumps({"rule_files": ["texts.yaml"], "tests": [test]}))

    done = subprocess.run(
        [tool("PROMTOOL"), "test", "rules", "texts_test.yaml"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert done.returncode == 0, done.stderr
