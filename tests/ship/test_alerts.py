"""The shipped alerts: good rules about metrics that exist, with a text, a runbook and a test for each."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from kvmon.judge.promql.tree import Expr, Selector, children
from kvmon.judge.rules.lint import doubts, duplicates
from kvmon.judge.rules.rulefile import Group, Rule, read_file
from kvmon.judge.rules.unit.run import run_tests
from kvmon.judge.rules.unit.testfile import read_tests
from kvmon.model.metrics.catalogue import ALL
from tests.servers.kinds import tool

ROOT = Path(__file__).parents[2]
FILES = sorted((ROOT / "alerts").glob("*.yaml"))
GROUPS: list[Group] = [group for path in FILES for group in read_file(str(path))]
ALERTS: list[Rule] = [rule for group in GROUPS for rule in group.rules if rule.alerts]

KNOWN = {
    name
    for row in ALL
    for name in (
        row.name, *([f"{row.name}_bucket", f"{row.name}_sum", f"{row.name}_count"] if row.kind.value == "histogram" else []),
    )
} | {rule.name for group in GROUPS for rule in group.rules if not rule.alerts} | {"up"}  # fmt: skip


def names(expr: Expr) -> set[str]:
    own = {expr.name} if isinstance(expr, Selector) else set()
    return own.union(*map(names, children(expr)))


def by_name(rule: Rule) -> str:
    return rule.name


@pytest.mark.parametrize("rule", [rule for group in GROUPS for rule in group.rules], ids=by_name)
def test_a_rule_asks_for_metrics_that_exist(rule: Rule) -> None:
    assert names(rule.query.expr) <= KNOWN


@pytest.mark.parametrize("rule", ALERTS, ids=by_name)
def test_an_alert_says_how_bad_it_is_what_it_is_and_what_to_do(rule: Rule) -> None:
    labels, annotations = dict(rule.labels), dict(rule.annotations)
    book = ROOT / annotations["runbook_url"]

    assert labels["severity"] in ("critical", "warning", "info", "none")
    assert len(annotations["summary"]) > 10
    assert len(annotations["description"]) > 50
    assert book.stem == rule.name
    text = book.read_text()
    assert [line for line in text.splitlines() if line.startswith("#")] == [f"# {rule.name}", "## Meaning", "## Check", "## Fix"]


def test_no_runbook_is_left_over_and_no_rule_is_doubtful() -> None:
    assert {path.stem for path in (ROOT / "docs" / "runbooks").glob("*.md")} == {rule.name for rule in ALERTS}
    assert [str(doubt) for doubt in doubts(GROUPS, interval=15_000)] == []
    assert duplicates(GROUPS) == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_alert_is_seen_to_fire_and_not_to_fire(path: Path) -> None:
    tests = read_tests(str(path.parent / "tests" / f"{path.stem}_test.yaml"))
    expectations = {rule.name: [test for one in tests.tests for test in one.alerts if test.name == rule.name] for rule in ALERTS}

    for group in read_file(str(path)):
        for rule in group.rules:
            if rule.alerts and rule.name != "Watchdog":
                counts = {len(test.expected) for test in expectations[rule.name]}
                assert counts == {0, 1}, f"{rule.name} needs a time at which it does not fire, and one at which it does"


@pytest.mark.slow
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_tests_of_alerts_pass_in_kvmon_and_in_promtool(path: Path) -> None:
    tests = path.parent / "tests" / f"{path.stem}_test.yaml"

    assert list(run_tests(read_tests(str(tests)), read_file(str(path)))) == []
    for order in (["check", "rules", str(path)], ["test", "rules", str(tests)]):
        done = subprocess.run([tool("PROMTOOL"), *order], capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
