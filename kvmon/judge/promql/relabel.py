"""label_replace and label_join, and the labels of what is absent."""

from __future__ import annotations

from collections.abc import Callable

from kvmon.errors import EvaluationError, PromqlError
from kvmon.judge.promql.context import Context, Samples, distinct
from kvmon.judge.promql.grouping import KEPT
from kvmon.judge.promql.labels import EMPTY, NAME, Labelset, Nameless
from kvmon.judge.promql.plan import VectorPlan
from kvmon.judge.promql.regex import anchored, expanded
from kvmon.judge.promql.tree import Expr, Match, Paren, Selector
from kvmon.judge.promql.work import Work, parts


def replace(inner: VectorPlan, target: str, template: str, source: str, pattern: str) -> VectorPlan:
    """label_replace: what a pattern finds in one label becomes another."""

    def change(labels: Labelset) -> Labelset:
        found = anchored(pattern).match(labels.get(source))
        return labels if found is None else _with(labels, target, expanded(template, found))

    def check() -> None:
        try:
            anchored(pattern)
        except PromqlError:
            raise EvaluationError(f"invalid regular expression in label_replace(): {pattern}") from None
        if not target:
            raise EvaluationError(f"invalid destination label name in label_replace(): {target}")

    return VectorPlan(_changed(inner, change, check))


def join(inner: VectorPlan, target: str, separator: str, sources: tuple[str, ...]) -> VectorPlan:
    """label_join: several labels become one."""

    def change(labels: Labelset) -> Labelset:
        return _with(labels, target, separator.join([labels.get(name) for name in sources]))

    def check() -> None:
        if not all(sources):
            raise EvaluationError("invalid source label name in label_join(): ")
        if not target:
            raise EvaluationError(f"invalid destination label name in label_join(): {target}")

    return VectorPlan(_changed(inner, change, check))


def _changed(
    inner: VectorPlan, change: Callable[[Labelset], Labelset], check: Callable[[], None]
) -> Callable[[Context, int], Work[Samples]]:
    known: dict[Labelset, Labelset] = {}

    def run(context: Context, now: int) -> Work[Samples]:
        check()
        samples = yield from inner.run(context, now)
        out: Samples = []
        if len(known) >= KEPT:
            known.clear()
        for part in parts(samples):
            for labels, value in part:
                changed = known.get(labels)
                if changed is None:
                    changed = known[labels] = change(labels)
                out.append((changed, value))
            yield
        return (yield from distinct(out))

    return run


def _with(labels: Labelset, name: str, value: str) -> Labelset:
    pairs = dict(labels.pairs)
    pairs.pop(name, None)
    if value:
        pairs[name] = value
    changed = Labelset(tuple(sorted(pairs.items())))
    return changed.nameless if isinstance(labels, Nameless) and name != NAME else changed


def absent_labels(expr: Expr) -> Labelset:
    """The labels that a selector asks for by name and value; those that it names twice are left out."""
    while isinstance(expr, Paren):
        expr = expr.expr
    if not isinstance(expr, Selector):
        return EMPTY
    pairs: dict[str, str] = {}
    seen: set[str] = set()
    for matcher in expr.matchers:
        if matcher.name == NAME:
            continue
        if matcher.op is Match.EQUAL and matcher.name not in seen:
            pairs[matcher.name] = matcher.value
            seen.add(matcher.name)
        else:
            pairs.pop(matcher.name, None)
    return Labelset.of(pairs)
