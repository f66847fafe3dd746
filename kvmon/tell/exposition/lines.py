"""One sample as one line, without its line end."""

from __future__ import annotations

from math import isfinite

from kvmon.model.metrics.sample import Sample
from kvmon.model.metrics.spec import Kind
from kvmon.model.targets.target import Target

BOUNDS = {Kind.HISTOGRAM: "le", Kind.SUMMARY: "quantile"}
"""The label that buckets and quantiles have after the labels of their row."""


SMALL = {float(whole): str(whole) for whole in range(1000)}
"""Most values are small and whole: the texts of all nodes are these."""


def escape_label(value: str) -> str:
    """A label's value between its quotes; the same in all formats."""
    if "\\" in value or '"' in value or "\n" in value:
        return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return value


def number(value: float) -> str:
    """The shortest text that reads back as this value; whole numbers without exponent or `.0`.

    Raises ValueError for what is no finite number.
    """
    small = SMALL.get(value)
    if small is not None:
        return small
    if isinstance(value, int):
        return f"{value:d}"
    if not isfinite(value):
        raise ValueError(f"{value} is never exposed")
    whole = int(value)
    return str(whole) if whole == value and -1e15 < value < 1e15 else repr(float(value))


def node_labels(target: Target, instance: str) -> str:
    """The labels that all series of a node begin with: none for a bare target."""
    if target.bare:
        return ""
    pairs = {"target": target.name, "instance": instance, **target.labels}
    return ",".join(f'{name}="{escape_label(value)}"' for name, value in pairs.items())


def around(sample: Sample, *, bare: bool) -> tuple[str, str]:
    """What stands before the labels of the node, and between them and the value; a `bare` node has none."""
    spec = sample.spec
    values = sample.labels
    own = ""
    if values:
        names = spec.labels
        if len(values) == len(names) + 1 and spec.kind in BOUNDS and BOUNDS[spec.kind] not in names:
            names = (*names, BOUNDS[spec.kind])
        own = ",".join([f'{name}="{escape_label(value)}"' for name, value in zip(names, values, strict=False)])
    name = spec.name + sample.suffix
    if bare:
        return (f"{name}{{", f"{own}}} ") if own else (name, " ")
    return f"{name}{{", f",{own}}} " if own else "} "


def bound(sample: Sample) -> float | None:
    """The number in `le` or `quantile` of a bucket or quantile; None for `_sum` and `_count`, or where it is no number."""
    if sample.suffix in ("_sum", "_count") or not sample.labels:
        return None
    try:
        return float(sample.labels[-1])
    except ValueError:
        return None


def canonical(sample: Sample) -> Sample:
    """The sample with its bound as OpenMetrics writes it: `1.0`, `+Inf`."""
    value = bound(sample)
    if value is None:
        return sample
    text = "+Inf" if value == float("inf") else repr(value)
    return Sample(sample.spec, sample.value, (*sample.labels[:-1], text), sample.suffix)
