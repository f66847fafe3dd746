"""The labels that a Prometheus scraping `/metrics` gives to what it finds there."""

from __future__ import annotations

import math
from collections.abc import Mapping

from kvmon.judge.promql.labels import Labelset
from kvmon.model.metrics.sample import Sample
from kvmon.model.metrics.spec import Kind
from kvmon.model.targets.target import Node

BOUNDS = {Kind.HISTOGRAM: "le", Kind.SUMMARY: "quantile"}


def labels_of(sample: Sample, common: Mapping[str, str], attached: Mapping[str, str]) -> Labelset:
    """Of a sample: its own, those of its node, and of those that are attached to all what nothing else says."""
    spec = sample.spec
    names = spec.labels
    values = sample.labels
    bound = BOUNDS.get(spec.kind)
    if bound is not None and values and sample.suffix not in ("_sum", "_count"):
        if len(values) == len(names) + 1 and bound not in names:
            names = (*names, bound)
        if names[len(values) - 1] == bound:
            values = (*values[:-1], normalised(values[-1]))
    own = dict(zip(names, values, strict=False))
    return Labelset.of({**attached, **common, **own, "__name__": spec.name + sample.suffix})


def common_labels(node: Node) -> Mapping[str, str]:
    """Those that all series of a node carry; none of one that is shown as redis_exporter does."""
    if node.target.bare:
        return dict(node.target.labels)
    return {"target": node.target.name, "instance": node.instance, **node.target.labels}


def normalised(bound: str) -> str:
    """The bound of a bucket or quantile as OpenMetrics writes it: `1` is `1.0`, `50` is `50.0`."""
    try:
        value = float(bound)
    except ValueError:
        return bound
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"
    text = repr(value)
    if "e" in text:
        return text
    if 0 < abs(value) < 1e-4 or abs(value) >= 1e21:
        return f"{value:e}"
    return text
