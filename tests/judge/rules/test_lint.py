"""What is legal in rules and pointed out."""

from __future__ import annotations

import pytest

from kvmon.judge.rules.lint import doubts, duplicates
from kvmon.judge.rules.rulefile import read_rules


def said(expr: str) -> list[str]:
    groups = read_rules("f.yaml", f"groups:\n- name: g\n  rules:\n  - alert: X\n    expr: '{expr}'\n")
    return [str(doubt) for doubt in doubts(groups, interval=15_000)]


@pytest.mark.parametrize(
    "expr",
    [
        "rate(x[1m]) > 0",
        "redis_memory_used_bytes / redis_memory_max_bytes > 0.9 and redis_memory_max_bytes > 0",
        "redis_memory_used_bytes / (redis_memory_max_bytes > 0) > 0.9",
        "redis_memory_used_bytes / redis_memory_max_bytes * 100 > 90 and (redis_memory_max_bytes) != 0",
    ],
)
def test_nothing_is_said_of_what_is_right(expr: str) -> None:
    assert said(expr) == []


def test_a_range_of_less_than_four_polls() -> None:
    (remark,) = said("max_over_time(rate(x[59s])[5m:]) > 0")

    assert remark.startswith('f.yaml:4: group "g", "X": [59s] is shorter than 4 polls (1m at 15s each)')


def test_division_by_a_limit_that_may_be_zero() -> None:
    (remark,) = said("redis_memory_used_bytes / redis_memory_max_bytes > 0.9")

    assert remark.endswith("add `and redis_memory_max_bytes > 0`")


def test_rules_that_are_there_twice() -> None:
    rule = "  - record: x\n    expr: up\n    labels: {a: b}\n"

    groups = read_rules("f.yaml", f"groups:\n- name: g\n  rules:\n{rule}- name: h\n  rules:\n{rule}")

    assert duplicates(groups) == [("x", (("a", "b"),))]
