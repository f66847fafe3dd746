"""Functions of the values in a range, as plans."""

from __future__ import annotations

from typing import cast

from kvmon.errors import EvaluationError
from kvmon.judge.promql import ranges
from kvmon.judge.promql.aggregating import check_quantile
from kvmon.judge.promql.context import SAME, Context, Samples
from kvmon.judge.promql.labels import NAME, Labelset
from kvmon.judge.promql.numbers import NAN
from kvmon.judge.promql.plan import Args, RangePlan, VectorPlan, scalar
from kvmon.judge.promql.tree import Call, Subquery, plain
from kvmon.judge.promql.work import Work

VALUES, SERIES = 10_000, 20
"""Values that are computed with between two stops, and so many more that a series counts for."""

COUNTER_ENDINGS = ("_total", "_sum", "_count", "_bucket")


def over_time(node: Call, args: Args) -> VectorPlan:
    """A function of the values in a range."""
    place = next(index for index, arg in enumerate(args) if isinstance(arg, RangePlan))
    inner = cast("RangePlan", args[place])
    params = [scalar(arg) for index, arg in enumerate(args) if index != place]
    function = ranges.FUNCTIONS[node.name]
    named = node.name == "last_over_time"
    counter = node.name in ("rate", "increase")
    # Prometheus puts the values of a subquery in the place of an argument that stands nowhere.
    where = "1:1" if isinstance(plain(node.args[place]), Subquery) else node.places[0]
    owners = object()

    def run(context: Context, now: int) -> Work[Samples]:
        param = NAN
        for each in params:
            param = yield from each.run(context, now)
        # From the end of a list, so that each goes when it was used: all at once would take long.
        spans = (yield from inner.run(context, now))[::-1]
        end = inner.end(context, now)
        window = ranges.Window(end - inner.range, end, now, param)
        if node.name == "quantile_over_time" and spans:
            check_quantile(context, param, node.places[0])
        out: Samples = []
        unnamed = context.unnamed
        alone = inner.bare or named or context.delayed
        stop = 0
        while spans:
            labels, at, values = spans.pop()
            value = function(at, values, window)
            if value is not None:
                out.append((labels.named if named else unnamed(labels), value))
                if counter:
                    _remark(context, labels, where)
                if not alone:
                    _own(context.kept.setdefault(owners, {}), labels)
            stop += SERIES + len(values)
            if stop > VALUES:
                stop = 0
                yield
        return out

    return VectorPlan(run, inner.bare if named else True)


def _remark(context: Context, labels: Labelset, place: str) -> None:
    name = labels.get(NAME)
    if name and not name.endswith(COUNTER_ENDINGS):
        context.inform(f'metric might not be a counter, name does not end in _total/_sum/_count/_bucket: "{name}"', place)


def _own(owners: dict[str, str], labels: Labelset) -> None:
    """Raises where two series come to the same labels, in one step or in several: a query has one series for each."""
    if owners.setdefault(labels.bare.key, labels.key) != labels.key:
        raise EvaluationError(SAME)
