"""Unit tests of rules: their notation, their verdicts and what they say."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvmon.judge.rules.document import Refused
from kvmon.judge.rules.rulefile import read_file
from kvmon.judge.rules.unit.notation import STALE, read_labels, read_values
from kvmon.judge.rules.unit.run import run_tests
from kvmon.judge.rules.unit.testfile import read_tests

FILES = Path(__file__).parents[1] / "files"


def verdicts(folder: Path) -> list[str]:
    tests = read_tests(str(folder / "rules_test.yaml"))
    return list(run_tests(tests, [group for path in tests.rule_files for group in read_file(path)]))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("rules.yaml", "rules_test.yaml"):
        (tmp_path / name).write_text((FILES / name).read_text())
    return tmp_path


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_good_tests_pass(folder: Path) -> None:
    assert verdicts(folder) == []


def test_annotations_that_differ_are_shown_side_by_side(folder: Path) -> None:
    change(folder / "rules_test.yaml", "summary: a is down (0), all", "summary: a is up, all")

    (failure,) = verdicts(folder)

    assert failure.splitlines() == [
        "    name: goes down, alertname: Down, time: 4m",
        '        {alertname="Down", instance="a", severity="critical", where="a"}',
        "      -     summary: a is up",
        "      +     summary: a is down (0)",
        "      (- expected, + got; 1 expected, 1 got)",
    ]


def test_a_missing_and_an_unexpected_alert_are_shown(folder: Path) -> None:
    change(folder / "rules_test.yaml", "alertname: Old\n        exp_alerts:", "alertname: Old\n        exp_alerts: []\n        #")
    change(
        folder / "rules_test.yaml",
        "          - exp_labels: {instance: a, job: redis}\n      - eval_time: 5m\n        alertname: Late",
        "      - eval_time: 5m\n        alertname: Late",
    )

    (failure,) = verdicts(folder)

    assert '      + {alertname="Old", instance="a", job="redis"}\n      (- expected, + got; 0 expected, 1 got)' in failure


def test_a_sample_that_differs_is_shown(folder: Path) -> None:
    change(folder / "rules_test.yaml", "value: 42", "value: 43")

    (failure,) = verdicts(folder)

    assert '- {__name__="a:scalar", team="core"} 43\n      + {__name__="a:scalar", team="core"} 42' in failure


def test_a_rule_that_fails_ends_its_test(folder: Path) -> None:
    change(folder / "rules.yaml", "expr: 42", "expr: up[5m]")

    assert verdicts(folder)[0] == "    rule: a:scalar, time: 0s, err: rule result is not a vector or scalar"


def test_tests_are_chosen_by_name(folder: Path) -> None:
    change(folder / "rules_test.yaml", "value: 42", "value: 43")
    tests = read_tests(str(folder / "rules_test.yaml"))
    groups = read_file(str(folder / "rules.yaml"))

    assert list(run_tests(tests, groups, wanted=lambda name: name == "unnamed#1")) == []


def test_mistakes_of_a_test_file_have_their_lines(folder: Path) -> None:
    change(folder / "rules_test.yaml", "values: 1x8 stale 1 _ 1+0x3", "values: 1x8 stales")

    with pytest.raises(Refused, match=r"rules_test.yaml:11: 'stales' is no value"):
        verdicts(folder)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 2 3", [1, 2, 3]),
        ("0x3", [0, 0, 0, 0]),
        ("1+2x3", [1, 3, 5, 7]),
        ("-3-1x2", [-3, -4, -5]),
        ("_ _x2 5", [None, None, None, 5]),
        ("1 stale 2", [1, STALE, 2]),
        ("Inf -inf .5 1e3", [math.inf, -math.inf, 0.5, 1000]),
        ("0.1+0.1x2", [0.1, 0.2, 0.30000000000000004]),
    ],
)
def test_values(text: str, expected: list[object]) -> None:
    assert read_values(text) == expected


@pytest.mark.parametrize("text", ["x", "1x", "1+x3", "1x9999999999", "{{schema:1}}", "stalex3", "1,2"])
def test_values_that_are_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"value|histogram"):
        read_values(text)


@given(st.text(alphabet="01234 x+-_.eEinfstaleNa{}", max_size=15))
def test_any_text_is_values_or_refused(text: str) -> None:
    try:
        items = read_values(text)
    except ValueError:
        return
    assert len(items) >= len(text.split()) or not text.strip()


@pytest.mark.parametrize("text", ['up{a!="b"}', "up[5m]", "up offset 5m", "sum(up)", "up{", "1"])
def test_what_is_no_series(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        read_labels(text)
