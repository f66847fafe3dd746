"""Rows of probes and breakers: what is tried, and what is concluded; targets with `probe` only."""

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
    "How long the steps connect, ping, get and set took.",
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
BREAKER_STATE = Spec(
    "kvmon_breaker_state",
    "Whether the breaker is in this state.",
    labels=("target", "op", "shard", "state"),
    source="breakers",
)
PERMIT_RATIO = Spec(
    "kvmon_breaker_permit_ratio",
    "How much of the calls the breaker advises to let go.",
    labels=("target", "op", "shard"),
    source="breakers",
    unit="ratio",
)
TRANSITIONS = Spec(
    "kvmon_breaker_transitions_total",
    "Changes of the breaker's state.",
    COUNTER,
    labels=("target", "op", "shard"),
    source="breakers",
)

ROWS: tuple[Spec, ...] = (SUCCESS, TOTAL, DURATION, RETRIES, TAINTED, BREAKER_STATE, PERMIT_RATIO, TRANSITIONS)
"""All of them."""
