"""From the tree to plans, once for each query."""

from __future__ import annotations

from typing import cast
from weakref import WeakKeyDictionary

from kvmon.judge.promql import aggregating, calls, matching, selecting
from kvmon.judge.promql.plan import Plan, RangePlan, ScalarPlan, VectorPlan, constant, kept
from kvmon.judge.promql.tree import (
    Aggregation,
    Binary,
    Call,
    Expr,
    Minus,
    Number,
    Paren,
    Query,
    Selector,
    String,
    Subquery,
    children,
    plain,
)

_PLANS: WeakKeyDictionary[Query, Plan | None] = WeakKeyDictionary()


def plan_of(query: Query) -> Plan | None:
    """The plan of a query; None for a text. It remembers labels and goes with its query: a rule's stays, a request's does not."""
    if query not in _PLANS:
        _PLANS[query] = _plan(query.expr)
    return _PLANS[query]


def _plan(expr: Expr) -> Plan | None:
    made = _made(expr)
    if isinstance(expr, Number | Paren | String) or made is None or not fixed(expr):
        return made
    return made._replace(run=kept(made.run))


def _made(expr: Expr) -> Plan | None:  # noqa: PLR0911 - one for each kind
    match expr:
        case Number():
            return constant(expr.value)
        case String():
            return None
        case Paren():
            return _plan(expr.expr)
        case Selector():
            return selecting.ranged(expr) if expr.range else selecting.instant(expr)
        case Subquery():
            return selecting.subquery(expr, cast("VectorPlan | ScalarPlan", _plan(expr.expr)))
        case Minus():
            return _minus(expr)
        case Call():
            return calls.call(expr, [_plan(arg) for arg in expr.args])
        case Aggregation():
            return _aggregation(expr)
        case Binary():
            return _binary(expr)


def _minus(expr: Minus) -> Plan:
    inner = _plan(expr.expr)
    if isinstance(inner, VectorPlan):
        return calls.mapped(inner, lambda value: -value)
    zero = Binary("*", Number(-1.0), expr.expr)
    return matching.scalars(zero, constant(-1.0), cast("ScalarPlan", inner))


def _aggregation(expr: Aggregation) -> Plan:
    inner = cast("VectorPlan", _plan(expr.expr))
    param = plain(expr.param) if expr.param is not None else None
    text = param.value if isinstance(param, String) else None
    number = cast("ScalarPlan", _plan(param)) if param is not None and text is None else None
    return aggregating.aggregation(expr, inner, number, text)


def _binary(expr: Binary) -> Plan:
    left, right = _plan(expr.left), _plan(expr.right)
    if isinstance(left, VectorPlan):
        if isinstance(right, VectorPlan):
            return matching.vectors(expr, left, right)
        return matching.with_scalar(expr, left, cast("ScalarPlan", right), swapped=False)
    if isinstance(right, VectorPlan):
        return matching.with_scalar(expr, right, cast("ScalarPlan", left), swapped=True)
    return matching.scalars(expr, cast("ScalarPlan", left), cast("ScalarPlan", right))


TIMED = frozenset({
    "time", "timestamp", "predict_linear", "day_of_month", "day_of_week", "day_of_year", "days_in_month", "hour", "minute",
    "month", "year",
})  # fmt: skip
"""Functions that depend on the step even where their arguments do not."""


def fixed(expr: Expr) -> bool:
    """Whether an expression is the same at every step, as all that it reads has an `@`."""
    match expr:
        case Selector():
            return expr.at is not None
        case Subquery():
            return expr.at is not None
        case Number() | String():
            return True
        case Call() if expr.name in TIMED:
            return False
        case _:
            return all(fixed(child) for child in children(expr))


__all__ = ["RangePlan", "plan_of"]
