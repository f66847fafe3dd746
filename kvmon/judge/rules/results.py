"""What a rule takes from the result of its expression."""

from __future__ import annotations

from kvmon.errors import EvaluationError
from kvmon.judge.promql import Scalar, Vector
from kvmon.judge.promql.result import Value
from kvmon.model.alert import Labels


def samples_of(value: Value) -> list[tuple[Labels, float]]:
    """Labels and values; a scalar is one sample without labels. Raises EvaluationError for what is neither."""
    if isinstance(value, Vector):
        return [(point.labels, point.value) for point in value]
    if isinstance(value, Scalar):
        return [((), value.value)]
    raise EvaluationError("rule result is not a vector or scalar")
