"""Long computations in parts of about a millisecond, between which others may run."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Generator, Iterator, Sequence
from itertools import islice
from typing import Any, TypeAlias, TypeVar

T = TypeVar("T")

Work: TypeAlias = Generator[None, None, T]
"""A computation that stops now and then, so that whoever drives it can let others run. Its value is what it returns."""

PART = 250
"""Series between two stops."""

RUN = 1000
"""Items that are sorted in one go."""


def finished(work: Work[T]) -> T:
    """What a computation comes to, made in one go."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]


def parts(items: Sequence[T], size: int = PART) -> Iterator[Sequence[T]]:
    """The items in parts, to stop between; those that fit one as they are."""
    if len(items) <= size:
        if items:
            yield items
        return
    for begin in range(0, len(items), size):
        yield items[begin : begin + size]


def ordered(items: Sequence[T], key: Callable[[T], Any], *, reverse: bool = False) -> Work[list[T]]:
    """The items sorted, those that are equal in the order that they had."""
    runs = []
    for part in parts(items, RUN):
        runs.append(sorted(part, key=key, reverse=reverse))
        yield
    if len(runs) < 2:
        return runs[0] if runs else []
    merged = heapq.merge(*runs, key=key, reverse=reverse)
    out: list[T] = []
    while some := list(islice(merged, RUN)):
        out += some
        yield
    return out
