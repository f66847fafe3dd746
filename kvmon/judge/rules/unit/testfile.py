"""promtool's test files."""

from __future__ import annotations

import glob
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import yaml

from kvmon.errors import ConfigError
from kvmon.judge.rules.document import Document, Refused
from kvmon.judge.rules.unit.notation import Item, read_labels, read_values
from kvmon.model.alert import Labels

MINUTE = 60_000

FILE = ("rule_files", "evaluation_interval", "group_eval_order", "fuzzy_compare", "tests")
TEST = (
    "name", "interval", "start_timestamp", "input_series", "external_labels", "external_url", "alert_rule_test",
    "promql_expr_test",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class AlertTest:
    """What fires at a time (ms from the start): labels and annotations of each alert of this name."""

    at: int
    name: str
    expected: tuple[tuple[Labels, Labels], ...]


@dataclass(frozen=True, slots=True)
class ExprTest:
    """What an expression comes to at a time; `problem` says why the expectation cannot be read."""

    at: int
    expr: str
    expected: tuple[tuple[Labels, float], ...]
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Test:
    """One test: series that begin at `start` (ms) with a value every `interval`, and what has to come of them."""

    name: str
    interval: int
    start: int
    series: tuple[tuple[Labels, tuple[Item, ...]], ...]
    alerts: tuple[AlertTest, ...]
    exprs: tuple[ExprTest, ...]
    external_labels: Labels = ()
    external_url: str = ""

    @property
    def end(self) -> int:
        """The last time that is looked at, from the start."""
        return max([0, *[test.at for test in self.alerts], *[test.at for test in self.exprs]])


@dataclass(frozen=True, slots=True)
class TestFile:
    """A whole file. `rule_files` are paths, patterns resolved; `order` are the names of groups that are evaluated first."""

    rule_files: tuple[str, ...]
    interval: int
    order: tuple[str, ...]
    fuzzy: bool
    tests: tuple[Test, ...]


def read_tests(path: str) -> TestFile:
    """A test file. Raises Refused with everything that is wrong in it."""
    try:
        text = Path(path).read_text()
    except (OSError, ValueError) as error:
        why = (error.strerror or str(error)) if isinstance(error, OSError) else "it is no text (UTF-8)"
        raise Refused([ConfigError(f"cannot read it: {why}", where=path)]) from None
    document = Document(path, text)
    given = document.fields(document.root, FILE, "a test file")
    interval = document.duration(given.get("evaluation_interval"), "evaluation_interval") or MINUTE
    patterns = [document.text(node, "a rule file") for node in document.items(given.get("rule_files"), "rule_files")]
    order = [document.text(node, "a group") for node in document.items(given.get("group_eval_order"), "group_eval_order")]
    for name in {name for name in order if order.count(name) > 1}:
        document.add(f"group name repeated in evaluation order: {name}", given["group_eval_order"])
    tests = [_test(document, node, interval, number) for number, node in enumerate(document.items(given.get("tests"), "tests"))]
    fuzzy = document.flag(given.get("fuzzy_compare"), "fuzzy_compare")
    document.raise_any()
    return TestFile(_resolved(patterns, Path(path).parent), interval, tuple(order), fuzzy, tuple(tests))


def _resolved(patterns: list[str], folder: Path) -> tuple[str, ...]:
    """Files of patterns beside the test file; one that matches nothing stays, so that it is named when it cannot be read."""
    files: list[str] = []
    for pattern in patterns:
        whole = pattern if Path(pattern).is_absolute() else str(folder / pattern)
        files += sorted(glob.glob(whole)) or ([whole] if not glob.has_magic(whole) else [])  # noqa: PTH207 - patterns may be absolute
    return tuple(files)


def _test(document: Document, node: yaml.Node, interval: int, number: int) -> Test:
    given = document.fields(node, TEST, "a test")
    name = document.text(given.get("name"), "name")
    return Test(
        name=name or f"unnamed#{number}",
        interval=document.duration(given.get("interval"), "interval") or interval,
        start=_start(document, given.get("start_timestamp")),
        series=tuple(_series(document, one) for one in document.items(given.get("input_series"), "input_series")),
        alerts=tuple(_alert(document, one, name) for one in document.items(given.get("alert_rule_test"), "alert_rule_test")),
        exprs=tuple(_expr(document, one) for one in document.items(given.get("promql_expr_test"), "promql_expr_test")),
        external_labels=document.texts(given.get("external_labels"), "an external label")[0],
        external_url=document.text(given.get("external_url"), "external_url"),
    )


def _start(document: Document, node: yaml.Node | None) -> int:
    """Unix seconds, or a time as in RFC 3339."""
    text = document.text(node, "start_timestamp")
    if not text:
        return 0
    try:
        return round(float(text) * 1000)
    except ValueError:
        pass
    try:
        return round(datetime.fromisoformat(text).timestamp() * 1000)
    except ValueError:
        document.add(f"start_timestamp: {text!r} is no time", node)
        return 0


def _series(document: Document, node: yaml.Node) -> tuple[Labels, tuple[Item, ...]]:
    given = document.fields(node, ("series", "values"), "an input series")
    series, values = given.get("series"), given.get("values")
    try:
        return read_labels(document.text(series, "series")), tuple(read_values(document.text(values, "values")))
    except ValueError as error:
        document.add(str(error), series or node)
        return (), ()


def _alert(document: Document, node: yaml.Node, test: str) -> AlertTest:
    given = document.fields(node, ("eval_time", "alertname", "exp_alerts"), "an alert_rule_test")
    at = document.duration(given.get("eval_time"), "eval_time")
    name = document.text(given.get("alertname"), "alertname")
    if not name:
        inside = f" (in TestGroup {test})" if test else ""
        document.add(
            f"an item under alert_rule_test misses required attribute alertname at eval_time {at // 1000}s{inside}", node
        )
    expected = []
    for one in document.items(given.get("exp_alerts"), "exp_alerts"):
        alert = document.fields(one, ("exp_labels", "exp_annotations"), "an expected alert")
        labels = {**dict(document.texts(alert.get("exp_labels"), "a label")[0]), "alertname": name}
        annotations = document.texts(alert.get("exp_annotations"), "an annotation")[0]
        expected.append((tuple(sorted(labels.items())), annotations))
    return AlertTest(at, name, tuple(expected))


def _expr(document: Document, node: yaml.Node) -> ExprTest:
    given = document.fields(node, ("expr", "eval_time", "exp_samples"), "a promql_expr_test")
    expected = []
    problem = ""
    for one in document.items(given.get("exp_samples"), "exp_samples"):
        sample = document.fields(one, ("labels", "value", "histogram"), "an expected sample")
        if "histogram" in sample:
            document.add("native histograms are not supported", sample["histogram"])
        labels = document.text(sample.get("labels"), "labels")
        try:
            expected.append((read_labels(labels) if labels else (), document.number(sample.get("value"), "value")))
        except ValueError as error:
            problem = problem or f'labels "{labels}": {error}'
    at = document.duration(given.get("eval_time"), "eval_time")
    return ExprTest(at, document.text(given.get("expr"), "expr"), tuple(expected), problem)
