"""What a metric monitor would say about points that were pushed: as much of the query language as shipped monitors use."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from statistics import fmean
from typing import Any, NamedTuple

from kvmon.tell.sinks.datadog.point import Point

WHOLE = re.compile(r"(avg|min|max|sum)\(last_(\d+)([mh])\):(.+) (>=|<=|>|<) (-?[\d.]+)")
SELECT = re.compile(r"(avg|min|max|sum):([A-Za-z][\w.]*)\{([^{}]*)\}(?: by \{([\w,]+)\})?")
CUTOFF = re.compile(r"cutoff_min\((.+), (\d+)\)")
MIX: dict[str, Callable[[Sequence[float]], float]] = {"avg": fmean, "min": min, "max": max, "sum": sum}
COMPARE: dict[str, Callable[[float, float], bool]] = {
    ">": lambda a, b: a > b, "<": lambda a, b: a < b, ">=": lambda a, b: a >= b, "<=": lambda a, b: a <= b,
}  # fmt: skip

Group = tuple[str, ...]
Moment = Mapping[Group, float]


class Query(NamedTuple):
    mix: str
    seconds: int
    expression: str
    compare: str
    threshold: float


def parse(text: str) -> Query:
    found = WHOLE.fullmatch(text)
    assert found, text
    return Query(found[1], int(found[2]) * (60 if found[3] == "m" else 3600), found[4], found[5], float(found[6]))


def metrics(text: str) -> set[str]:
    return {found[1] for found in SELECT.findall(text)}


def alerting(monitor: Mapping[str, Any], pushes: Sequence[Sequence[Point]]) -> set[Group]:
    """The groups that are in alert after these pushes; all of them lie in the window."""
    query = parse(monitor["query"])
    values: dict[Group, list[float]] = defaultdict(list)
    for push in pushes:
        for group, value in _value(query.expression, push).items():
            values[group].append(value)
    return {group for group, seen in values.items() if COMPARE[query.compare](MIX[query.mix](seen), query.threshold)}


def _value(expression: str, push: Sequence[Point]) -> Moment:
    left, slash, right = expression.rpartition(" / ")
    if slash:
        over, under = _value(left, push), _value(right, push)
        return {group: value / under[group] for group, value in over.items() if under.get(group)}
    cut = CUTOFF.fullmatch(expression)
    if cut:
        return {group: value for group, value in _value(cut[1], push).items() if value >= float(cut[2])}
    found = SELECT.fullmatch(expression)
    assert found, expression
    groups: dict[Group, list[float]] = defaultdict(list)
    for point in push:
        if point.name == found[2] and all(_matches(part, point.tags) for part in found[3].split(",")):
            tags = dict(tag.split(":", 1) for tag in point.tags)
            groups[tuple(tags.get(name, "") for name in found[4].split(","))].append(point.value)
    return {group: MIX[found[1]](values) for group, values in groups.items()}


def _matches(part: str, tags: Sequence[str]) -> bool:
    if part == "*":
        return True
    wanted = part.removeprefix("!")
    has = any(tag.startswith(wanted[:-1]) if wanted.endswith("*") else tag == wanted for tag in tags)
    return has != part.startswith("!")
