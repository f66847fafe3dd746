"""Expressions over the series of data.py: written by hand, and generated."""

from __future__ import annotations

import random
from pathlib import Path

RANGE = (
    "rate", "increase", "delta", "irate", "idelta", "resets", "changes", "deriv", "avg_over_time", "sum_over_time",
    "min_over_time", "max_over_time", "count_over_time", "stddev_over_time", "stdvar_over_time", "last_over_time",
    "present_over_time", "absent_over_time",
)  # fmt: skip
MATH = (
    "abs", "ceil", "floor", "exp", "sqrt", "ln", "log2", "log10", "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh",
    "tanh", "asinh", "acosh", "atanh", "rad", "deg", "sgn", "round", "timestamp", "absent", "sort", "sort_desc",
)  # fmt: skip
DATES = ("day_of_month", "day_of_week", "day_of_year", "days_in_month", "hour", "minute", "month", "year")
SELECTORS = (
    "http_requests_total", 'http_requests_total{code="500"}', "memory_bytes", 'memory_bytes{job=~"a.*"}', "up", "session", "odd",
    'session{user!="back"}', "step", "huge", "node_info", "tied", "latency_seconds_bucket", '{__name__=~"red_total|blue_total"}',
    'up{instance!~"a.*",job="web"}', "nothing", 'memory_max_bytes{instance=""}', "born_timestamp", "text",
)  # fmt: skip
AGGREGATIONS = ("sum", "avg", "count", "min", "max", "group", "stddev", "stdvar")
BY = (
    "",
    "by (job)",
    "by (instance, job)",
    "without (instance)",
    "by ()",
    "without (code, instance)",
    "by (__name__)",
    "by (nothing)",
)


def _lines(file: str) -> tuple[str, ...]:
    text = (Path(__file__).parent / file).read_text()
    return tuple(line for line in text.splitlines() if line and not line.startswith("# "))


WRITTEN = _lines("expressions.promql")
"""Those written by hand."""

DELAYED = _lines("delayed.promql")
"""Those that tell whether names of metrics go at once or at the end."""


def generated(count: int, seed: int = 1) -> list[str]:
    """So many expressions, the same for the same seed."""
    chance = random.Random(seed)
    return [_vector(chance, chance.randint(1, 3)) for _ in range(count)]


def _selector(chance: random.Random) -> str:
    text = chance.choice(SELECTORS)
    kind = chance.random()
    if kind < 0.12:
        text += chance.choice([" offset 1m", " offset -30s", " offset 7m", " @ 1700001000", " @ end()", " @ start() offset 2m"])
    return text


def _range(chance: random.Random, depth: int) -> str:
    span = chance.choice(["30s", "1m", "2m", "5m", "10m", "23m"])
    if depth > 1 and chance.random() < 0.25:
        step = chance.choice(["15s", "1m", "2m", "", "47s"])
        return f"({_vector(chance, depth - 1)})[{span}:{step}]"
    base = chance.choice(SELECTORS)
    return f"{base}[{span}]" + chance.choice(["", "", "", "", " offset 1m", " @ 1700001500"])


def _vector(chance: random.Random, depth: int) -> str:  # noqa: C901, PLR0911, PLR0912
    kind = chance.random()
    if depth <= 0 or kind < 0.08:
        return _selector(chance)
    if kind < 0.30:
        name = chance.choice(RANGE)
        return f"{name}({_range(chance, depth)})"
    if kind < 0.34:
        return f"quantile_over_time({chance.choice(['0.5', '0.9', '0', '1'])}, {_range(chance, depth)})"
    if kind < 0.38:
        return f"predict_linear({_range(chance, depth)}, {chance.choice(['60', '3600', '-5'])})"
    if kind < 0.50:
        return f"{chance.choice(AGGREGATIONS)} {chance.choice(BY)} ({_vector(chance, depth - 1)})"
    if kind < 0.54:
        return f"{chance.choice(['topk', 'bottomk'])} {chance.choice(BY)} ({chance.choice('123')}, {_vector(chance, depth - 1)})"
    if kind < 0.57:
        return f"quantile {chance.choice(BY)} ({chance.choice(['0.5', '0.95', '0'])}, {_vector(chance, depth - 1)})"
    if kind < 0.59:
        return f'count_values {chance.choice(BY)} ("value", {_vector(chance, depth - 1)})'
    if kind < 0.69:
        return f"{chance.choice(MATH)}({_vector(chance, depth - 1)})"
    if kind < 0.71:
        return f"{chance.choice(DATES)}({_vector(chance, depth - 1)})"
    if kind < 0.73:
        low, high = chance.choice([("0", "1"), ("-1e3", "1e6"), ("2", "1")])
        return f"clamp({_vector(chance, depth - 1)}, {low}, {high})"
    if kind < 0.75:
        return f'label_replace({_vector(chance, depth - 1)}, "x", "$1", "instance", "(.).*")'
    if kind < 0.84:
        op = chance.choice(["+", "-", "*", "/", "%", "^", "atan2", "==", "!=", ">", "<", ">=", "<=", "== bool", "> bool"])
        sides = [
            _vector(chance, depth - 1),
            chance.choice(["0", "1", "2.5", "1e6", "-3", "Inf", "NaN", "time()", "scalar(step)"]),
        ]
        chance.shuffle(sides)
        return f"({sides[0]}) {op} ({sides[1]})"
    op = chance.choice(["+", "-", "*", "/", "%", "==", ">", "< bool", "and", "or", "unless", "!="])
    match = chance.choice(
        ["", "", "", "on(job)", "on(job, instance)", "ignoring(code)", "on()", "ignoring(version, code)", "on(instance)"]
    )
    if op not in ("and", "or", "unless") and match and chance.random() < 0.4:
        include = chance.choice(["", "(version)", "(code)"])
        match += " " + chance.choice(["group_left", "group_right"]) + include
    return f"({_vector(chance, depth - 1)}) {op} {match} ({_vector(chance, depth - 1)})"
