"""Which stretch of time each selector of a query reads."""

from __future__ import annotations

from typing import TypeAlias

from kvmon.judge.promql.tree import Anchor, At, Expr, Selector, Subquery, children

Extents: TypeAlias = dict[Selector, tuple[int, int]]
"""For each selector the left-open stretch (from, to], in ms."""


def extents(expr: Expr, start: int, end: int, *, lookback: int, step: int) -> Extents:
    """What an evaluation from `start` to `end` reads."""
    found: Extents = {}
    _walk(expr, (start, end), (start, end), found, lookback, step)
    return found


def _walk(expr: Expr, span: tuple[int, int], whole: tuple[int, int], found: Extents, lookback: int, step: int) -> None:  # noqa: PLR0913, PLR0917
    if isinstance(expr, Selector):
        low, high = _moved(expr.at, expr.offset, span, whole)
        found[expr] = (low - (expr.range or lookback), high)
    elif isinstance(expr, Subquery):
        low, high = _moved(expr.at, expr.offset, span, whole)
        _walk(expr.expr, (low - expr.range, high), whole, found, lookback, step)
    else:
        for child in children(expr):
            _walk(child, span, whole, found, lookback, step)


def _moved(at: At, offset: int, span: tuple[int, int], whole: tuple[int, int]) -> tuple[int, int]:
    low, high = span
    if at is Anchor.START:
        low = high = whole[0]
    elif at is Anchor.END:
        low = high = whole[1]
    elif at is not None:
        low = high = int(at)
    return low - offset, high - offset


def reach(expr: Expr, *, lookback: int = 300_000) -> dict[Selector, int]:
    """For each selector how many ms before now it reads; fixed times (`@`) are left out."""
    far = extents(expr, 0, 0, lookback=lookback, step=0)
    return {selector: max(0, -low) for selector, (low, _) in far.items() if not isinstance(selector.at, int)}
