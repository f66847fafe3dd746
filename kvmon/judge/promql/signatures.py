"""The stable functions and aggregations of PromQL 3.5 for float values."""

from __future__ import annotations

RANGE_FUNCTIONS = frozenset({
    "absent_over_time", "avg_over_time", "changes", "count_over_time", "delta", "deriv", "idelta", "increase", "irate",
    "last_over_time", "max_over_time", "min_over_time", "predict_linear", "present_over_time", "quantile_over_time", "rate",
    "resets", "stddev_over_time", "stdvar_over_time", "sum_over_time",
})  # fmt: skip
"""Those that take the values of a range."""

VECTOR_FUNCTIONS = frozenset({
    "abs", "absent", "acos", "acosh", "asin", "asinh", "atan", "atanh", "ceil", "clamp", "clamp_max", "clamp_min", "cos", "cosh",
    "day_of_month", "day_of_week", "day_of_year", "days_in_month", "deg", "exp", "floor", "histogram_fraction",
    "histogram_quantile", "hour", "label_join", "label_replace", "ln", "log10", "log2", "minute", "month", "rad", "round", "sgn",
    "sin", "sinh", "sort", "sort_desc", "sqrt", "tan", "tanh", "timestamp", "vector", "year",
})  # fmt: skip
"""Those that give a vector and take none of ranges."""

SCALAR_FUNCTIONS = frozenset({"time", "pi", "scalar"})

STABLE = RANGE_FUNCTIONS | VECTOR_FUNCTIONS | SCALAR_FUNCTIONS

NATIVE = frozenset({"histogram_avg", "histogram_count", "histogram_stddev", "histogram_stdvar", "histogram_sum"})
"""Functions that mean something for native histograms only."""

AGGREGATIONS = frozenset({
    "sum", "avg", "count", "min", "max", "group", "stddev", "stdvar", "topk", "bottomk", "count_values", "quantile",
})  # fmt: skip
