"""What kvmon and Prometheus say, in one form, and where they differ."""

from __future__ import annotations

import math
from typing import Any

from kvmon.errors import EvaluationError, PromqlError
from kvmon.judge.promql import Engine, Labels, Matrix, Query, Result, Scalar, Text, instant, parse, ranged
from kvmon.judge.promql.source import Source
from tests.judge.promql.prometheus import number

NEAR = 1e-12
Answer = dict[str, Any]
"""`kind` with `series` (pairs of labels and of values by time), `error` (execution errors), `refused` (others), remarks."""


def ours(text: str, source: Source, start: int, end: int | None = None, step: int = 0, *, delayed: bool = False) -> Answer:
    """What kvmon says, for a moment or for a time."""
    engine = Engine(delayed=delayed)
    try:
        query: Query = parse(text)
        result: Result = instant(query, source, start, engine) if end is None else ranged(query, source, start, end, step, engine)
    except EvaluationError as error:
        return {"error": str(error)}
    except PromqlError as error:
        return {"refused": str(error)}
    remarks = sorted([*result.warnings, *result.infos])
    match result.value:
        case Scalar(at, value):
            return {"kind": "scalar", "series": [[[], [[at, value]]]], "remarks": remarks}
        case Text(at, value):
            return {"kind": "string", "text": value, "remarks": remarks}
        case Matrix() as lines:
            found = [[_pairs(line.labels), [list(point) for point in line.points]] for line in lines]
            return {"kind": "matrix", "series": found, "remarks": remarks}
        case points:
            found = [[_pairs(point.labels), [[point.at, point.value]]] for point in points]
            return {"kind": "vector", "series": found, "remarks": remarks}


def theirs(document: Any) -> Answer:
    """What Prometheus said."""
    if document["status"] == "error":
        return {"error" if document["errorType"] == "execution" else "refused": document["error"]}
    kind, result = document["data"]["resultType"], document["data"]["result"]
    remarks = sorted([*document.get("warnings", []), *document.get("infos", [])])
    if kind == "string":
        return {"kind": kind, "text": result[1], "remarks": remarks}
    if kind == "scalar":
        return {"kind": kind, "series": [[[], [_point(result)]]], "remarks": remarks}
    series = [
        [sorted(map(list, each["metric"].items())), [_point(pair) for pair in each.get("values") or [each["value"]]]]
        for each in result
    ]
    return {"kind": kind, "series": series, "remarks": remarks}


def _pairs(labels: Labels) -> list[list[str]]:
    return [list(pair) for pair in labels]


def _point(pair: Any) -> list[float]:
    return [round(float(pair[0]) * 1000), number(pair[1])]


def difference(expected: Answer, found: Answer, *, ordered: bool = False) -> str:
    """Where two answers differ, in words; empty where they are the same. The words of a refusal are the parser's own."""
    if "series" not in expected or "series" not in found:
        return "" if _said(expected, ordered) == _said(found, ordered) else f"{_short(expected)} != {_short(found)}"
    for word in ("kind", "remarks"):
        if expected[word] != found[word]:
            return f"{word} {expected[word]} != {found[word]}"
    one, other = expected["series"], found["series"]
    if not ordered:
        one, other = sorted(one, key=lambda each: each[0]), sorted(other, key=lambda each: each[0])
    if [each[0] for each in one] != [each[0] for each in other]:
        return f"labels {[each[0] for each in one]} != {[each[0] for each in other]}"
    return next(
        (said for (labels, points), (_, mine) in zip(one, other, strict=True) if (said := _values(labels, points, mine))), ""
    )


def _said(answer: Answer, ordered: bool) -> Answer:
    if "refused" in answer:
        return {"refused": ""}
    if "error" in answer and not ordered:
        # Which of several duplicates is named depends on the order of Go's maps where a query has several steps.
        return {"error": answer["error"].partition(": [")[0]}
    return answer


def _values(labels: object, points: list[list[float]], others: list[list[float]]) -> str:
    if [at for at, _ in points] != [at for at, _ in others]:
        return f"times of {labels}: {[at for at, _ in points]} != {[at for at, _ in others]}"
    pairs = zip(points, others, strict=True)
    return next(
        (f"value of {labels} at {at}: {value!r} != {mine!r}" for (at, value), (_, mine) in pairs if not near(value, mine)), ""
    )


def near(one: float, other: float) -> bool:
    """The same but for the last digits; NaN is NaN."""
    if math.isnan(one) or math.isnan(other):
        return math.isnan(one) and math.isnan(other)
    return one == other or math.isclose(one, other, rel_tol=NEAR, abs_tol=0)


def _short(answer: Answer) -> str:
    return str(answer)[:300]
