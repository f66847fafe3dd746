"""The row of a metric. Exposition, HELP text, docs, Datadog and the migration check all read the same row."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """Prometheus' metric types. COUNTER is a monotonic value, whatever its name ends in."""

    GAUGE = "gauge"
    COUNTER = "counter"
    SUMMARY = "summary"
    HISTOGRAM = "histogram"
    UNTYPED = "untyped"


GAUGE, COUNTER, SUMMARY, HISTOGRAM, UNTYPED = Kind


class Scale(StrEnum):
    """How the text of a source field becomes the value."""

    NUMBER = "number"  # a float as it stands; `ok`/`true` are 1, `err`/`fail`/`false` 0
    MILLISECONDS = "milliseconds"  # to seconds
    MICROSECONDS = "microseconds"  # to seconds
    PERCENT = "percent"  # `12.34%` as 12.34


@dataclass(frozen=True, slots=True, eq=False)
class Spec:
    """One metric.

    `name` is the exposed name with its prefix (`redis_`, `kvmon_`), `labels` the names of its own labels in the order in
    which samples give their values. `field` is the source field (of INFO, CONFIG, CLUSTER INFO), empty where a collector
    computes the value. Rows are compared by identity: there is one of each.
    """

    name: str
    help: str
    kind: Kind = Kind.GAUGE
    field: str = ""
    labels: tuple[str, ...] = ()
    scale: Scale = Scale.NUMBER
    source: str = ""
    """The question that gives it: `INFO memory`, `SLOWLOG GET`; for docs."""
    unit: str = ""
    """`seconds`, `bytes`, `ratio`, or empty; for docs."""
