"""PromQL over whatever gives series: exact for all stable expressions of float values of Prometheus 3.5."""

from kvmon.judge.promql.context import Engine
from kvmon.judge.promql.evaluate import instant, instant_work, ranged, ranged_work
from kvmon.judge.promql.extents import reach
from kvmon.judge.promql.labels import Labels, Labelset
from kvmon.judge.promql.parse import parse
from kvmon.judge.promql.result import Line, Matrix, Point, Result, Scalar, Text, Vector
from kvmon.judge.promql.source import Series, Source
from kvmon.judge.promql.tree import Matcher, Matchers, Query
from kvmon.judge.promql.work import Work, finished

__all__ = [
    "Engine", "Labels", "Labelset", "Line", "Matcher", "Matchers", "Matrix", "Point", "Query", "Result", "Scalar", "Series",
    "Source", "Text", "Vector", "Work", "finished", "instant", "instant_work", "parse", "ranged", "ranged_work", "reach",
]  # fmt: skip
