"""Results as JSON."""

from __future__ import annotations

import json
from functools import lru_cache

from kvmon.judge.promql import Labels, Line, Matrix, Point, Result, Scalar, Text, numbers
from kvmon.judge.promql.work import Work

PART = 500
"""Series, or points of one, between two stops."""


def encoded(result: Result) -> Work[list[str]]:
    """The data of a query's answer, in pieces."""
    match result.value:
        case Scalar(at, value):
            pieces = ['{"resultType":"scalar","result":', _pair(at, value), "}"]
        case Text(at, value):
            pieces = [f'{{"resultType":"string","result":[{_time(at)},{json.dumps(value, ensure_ascii=False)}]}}']
        case Matrix() as lines:
            pieces = ['{"resultType":"matrix","result":[']
            for place, line in enumerate(lines):
                pieces.append("," if place else "")
                yield from _line(line, pieces)
            pieces.append("]}")
        case points:
            pieces = ['{"resultType":"vector","result":[']
            for place, point in enumerate(points):
                pieces.append(("," if place else "") + _point(point))
                if place % PART == 0:
                    yield
            pieces.append("]}")
    return pieces


def _point(point: Point) -> str:
    return f'{{"metric":{metric(point.labels)},"value":{_pair(point.at, point.value)}}}'


def _line(line: Line, pieces: list[str]) -> Work[None]:
    pieces.append(f'{{"metric":{metric(line.labels)},"values":[')
    for begin in range(0, len(line.points), PART):
        pieces.append("," if begin else "")
        pieces.append(",".join([_pair(at, value) for at, value in line.points[begin : begin + PART]]))
        yield
    pieces.append("]}")


@lru_cache(maxsize=4096)
def metric(labels: Labels) -> str:
    """Labels as a JSON object."""
    return json.dumps(dict(labels), ensure_ascii=False, separators=(",", ":"))


def _pair(at: int, value: float) -> str:
    return f'[{_time(at)},"{numbers.brief(value)}"]'


def _time(at: int) -> str:
    seconds, rest = divmod(abs(at), 1000)
    sign = "-" if at < 0 else ""
    return f"{sign}{seconds}.{rest:03d}" if rest else f"{sign}{seconds}"
