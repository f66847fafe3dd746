"""Rows of probes: what is tried, and what came of it."""

from __future__ import annotations

from kvmon.model.metrics.spec import COUNTER, HISTOGRAM, Spec

SOURCE = "probe"
NODE = ("target", "instance")

SUCCESS = Spec("kvmon_probe_success", "Whether the last try of the op succeeded.", labels=(*NODE, "op"), source=SOURCE)
TOTAL = Spec(
    "kvmon_probes_total", "Tries of the op, by what came of them.", COUNTER, labels=(*NODE, "op", "outcome"), source=SOURCE
)
DURATION = Spec(
    "kvmon_probe_duration_seconds",
    "How long the steps took: connect, get (PING and GET in one round trip) and set.",
    HISTOGRAM,
    labels=(*NODE, "step"),
    source=SOURCE,
    unit="seconds",
)
RETRIES = Spec(
    "kvmon_probe_retries_total",
    "Tries repeated at once because a kept connection was closed.",
    COUNTER,
    labels=NODE,
    source=SOURCE,
)
TAINTED = Spec("kvmon_probes_tainted_total", "Tries left out because kvmon itself was late.", COUNTER, labels=NODE, source=SOURCE)
ROWS: tuple[Spec, ...] = (SUCCESS, TOTAL, DURATION, RETRIES, TAINTED)
"""All of them."""
