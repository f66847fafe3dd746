"""Aggregations: many series to one for each group."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeAlias

from kvmon.errors import EvaluationError
from kvmon.judge.promql import heap, numbers, sums
from kvmon.judge.promql.context import Context, Samples
from kvmon.judge.promql.grouping import Grouping
from kvmon.judge.promql.labels import EMPTY, Labels, Labelset, Nameless
from kvmon.judge.promql.plan import ScalarPlan, VectorPlan
from kvmon.judge.promql.tree import Aggregation
from kvmon.judge.promql.work import Work, parts

Fold: TypeAlias = Callable[[Sequence[float]], float]
Folding: TypeAlias = Callable[[Context, int], Work[Fold]]
"""Gives the fold of a step."""

FOLDS: dict[str, Fold] = {
    "avg": sums.mean,
    "count": lambda values: float(len(values)),
    "group": lambda _: 1.0,
    "max": sums.most,
    "min": sums.least,
    "stddev": lambda values: sums.root(sums.variance(values)),
    "stdvar": sums.variance,
    "sum": sums.total,
}


def aggregation(node: Aggregation, inner: VectorPlan, param: ScalarPlan | None, text: str | None) -> VectorPlan:
    """The plan of an aggregation; `param` or `text` is its first argument where it has one."""
    if node.op in FOLDS:
        return VectorPlan(_folding(inner, node, _always(FOLDS[node.op])), bare=_is_bare(node))
    if text is not None:
        return VectorPlan(_counted(inner, node, text), bare=_is_bare(node))
    if param is None:
        raise ValueError(f"{node.op} without its argument")
    if node.op == "quantile":
        return VectorPlan(_folding(inner, node, _quantile(param, node.place)), bare=_is_bare(node))
    return VectorPlan(_best(inner, _group(node), param, top=node.op == "topk"), bare=inner.bare)


def _is_bare(node: Aggregation) -> bool:
    return node.without or "__name__" not in node.names


def _group(node: Aggregation) -> Callable[[Labelset], Labelset] | None:
    """None where all is one group."""
    return None if not node.names and not node.without else Grouping(node.names, without=node.without).of


Groups = dict[Labelset, list[float]]


def _gathered(samples: Samples, group: Callable[[Labelset], Labelset] | None) -> Work[Groups]:
    """The values of each group, in the order of the series."""
    if group is None:
        yield from ()
        return {EMPTY: [value for _, value in samples]} if samples else {}
    groups: Groups = {}
    for part in parts(samples):
        for labels, value in part:
            key = group(labels)
            values = groups.get(key)
            if values is None:
                groups[key] = [value]
            else:
                values.append(value)
        yield
    return groups


def _folding(inner: VectorPlan, node: Aggregation, folding: Folding) -> Callable[[Context, int], Work[Samples]]:
    """Each group as one sample."""
    group = _group(node)

    def run(context: Context, now: int) -> Work[Samples]:
        fold = yield from folding(context, now)
        samples = yield from inner.run(context, now)
        groups = yield from _gathered(samples, group)
        out: Samples = []
        stop = 0
        for labels, values in groups.items():
            out.append((labels, fold(values)))
            stop += GROUP + len(values)
            if stop > VALUES:
                stop = 0
                yield
        if context.delayed and not _is_bare(node):
            # Prometheus asks the series in the place of the group, not one of the group, whether the name goes.
            return [
                (labels.nameless if isinstance(samples[place][0], Nameless) else labels, value)
                for place, (labels, value) in enumerate(out)
            ]
        return out

    return run


VALUES, GROUP = 10_000, 20
"""Values that are folded between two stops, and so many more that a group counts for. One group is folded in one go."""


def _quantile(param: ScalarPlan, place: str) -> Folding:
    def folding(context: Context, now: int) -> Work[Fold]:
        q = yield from param.run(context, now)
        check_quantile(context, q, place)
        return partial(sums.quantile, q)

    return folding


def _always(fold: Fold) -> Folding:
    def folding(context: Context, now: int) -> Work[Fold]:  # noqa: ARG001 - what every folding is given
        yield from ()
        return fold

    return folding


def check_quantile(context: Context, q: float, place: str) -> None:
    """Remark a quantile that is none."""
    if not 0 <= q <= 1:
        context.warn(f"quantile value should be between 0 and 1, got {numbers.general(q)}", place)


def _counted(inner: VectorPlan, node: Aggregation, name: str) -> Callable[[Context, int], Work[Samples]]:
    """count_values: how many series have each value, which becomes a label."""
    names = frozenset(node.names) if node.without else frozenset(node.names) | {name}
    if node.without:
        names -= {name}
    grouping = Grouping(tuple(names), without=node.without)
    known: dict[tuple[Labelset, str], Labelset] = {}
    interned: dict[Labels, Labelset] = {}

    def run(context: Context, now: int) -> Work[Samples]:
        if not name:
            raise EvaluationError(f'invalid label name "{name}"')
        counts: dict[Labelset, int] = {}
        if len(known) > MOST_VALUES:
            known.clear()
            interned.clear()
        for part in parts((yield from inner.run(context, now))):
            for labels, value in part:
                key = (grouping.of(labels), numbers.text(value))
                group = known.get(key)
                if group is None:
                    pairs = tuple(sorted({**dict(key[0].pairs), name: key[1]}.items()))
                    group = known[key] = interned.setdefault(pairs, Labelset(pairs))
                counts[group] = counts.get(group, 0) + 1
            yield
        return [(labels, float(count)) for labels, count in counts.items()]

    return run


MOST_VALUES = 10_000
"""Values that count_values remembers the labels of."""


def _best(
    inner: VectorPlan, group: Callable[[Labelset], Labelset] | None, param: ScalarPlan, *, top: bool
) -> Callable[[Context, int], Work[Samples]]:
    """The plan of topk and bottomk: series as they are, the best of each group first."""

    def run(context: Context, now: int) -> Work[Samples]:
        wanted = yield from param.run(context, now)
        samples = yield from inner.run(context, now)
        if not samples or wanted < 1:
            return []
        count = _whole(wanted)
        groups: dict[Labelset, heap.Best] = {}
        for part in parts(samples):
            for sample in part:
                key = group(sample[0]) if group is not None else EMPTY
                best = groups.get(key)
                if best is None:
                    best = groups[key] = heap.Best(count, top=top)
                best.offer(sample)
            yield
        return [sample for best in groups.values() for sample in best.ordered()]

    return run


def _whole(value: float) -> int:
    if not value < 2.0**63:  # NaN neither
        raise EvaluationError(f"Scalar value {numbers.general(value)} overflows int64")
    return int(value)
