"""What is legal in rules and still wrong."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from kvmon.judge.alerts.durations import format_duration
from kvmon.judge.promql.tree import Binary, Expr, Number, Selector, children, plain
from kvmon.judge.rules.rulefile import Group, Rule

POLLS = 4
"""A range holds at least so many polls: with fewer, one that is late or lost leaves too little for rate() and its kin."""

LIMIT = "redis_memory_max_bytes"


@dataclass(frozen=True, slots=True)
class Doubt:
    """One thing that is probably not meant. `where` names file, line, group and rule."""

    where: str
    message: str

    def __str__(self) -> str:
        return f"{self.where}: {self.message}"


def doubts(groups: Sequence[Group], *, interval: int) -> Iterator[Doubt]:
    """What stands in the rules and is probably not meant. `interval`: milliseconds between two polls."""
    for group in groups:
        for rule in group.rules:
            where = f'{group.file}:{rule.line}: group "{group.name}", "{rule.name}"'
            for message in _of(rule, interval):
                yield Doubt(where, message)


def duplicates(groups: Sequence[Group]) -> list[tuple[str, tuple[tuple[str, str], ...]]]:
    """Names and labels of rules that are there more than once, each as often as it is repeated."""
    rules = sorted((rule.name, rule.labels) for group in groups for rule in group.rules)
    return [rule for before, rule in pairwise(rules) if before == rule]


def _of(rule: Rule, interval: int) -> Iterator[str]:
    least = POLLS * interval
    guarded = any(_is_guard(expr) for expr in _all(rule.query.expr))
    for expr in _all(rule.query.expr):
        if isinstance(expr, Selector) and 0 < expr.range < least:
            yield (
                f"[{format_duration(expr.range)}] is shorter than {POLLS} polls ({format_duration(least)} at "
                f"{format_duration(interval)} each): one lost poll leaves nothing to compute from"
            )
        if isinstance(expr, Binary) and expr.op == "/" and not guarded and _reads_limit(expr.right):
            yield f"divides by {LIMIT}, which is 0 where there is no limit: the result is +Inf; add `and {LIMIT} > 0`"


def _all(expr: Expr) -> Iterator[Expr]:
    yield expr
    for child in children(expr):
        yield from _all(child)


def _reads_limit(expr: Expr) -> bool:
    return any(isinstance(one, Selector) and one.name == LIMIT for one in _all(expr))


def _is_guard(expr: Expr) -> bool:
    if not isinstance(expr, Binary) or expr.op not in (">", "!="):
        return False
    left, right = plain(expr.left), plain(expr.right)
    return isinstance(left, Selector) and left.name == LIMIT and isinstance(right, Number) and right.value >= 0
