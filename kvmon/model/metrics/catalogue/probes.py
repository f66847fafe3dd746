"""Rows of probes: what is tried, and what came of it."""

from __future__ import annotations

from kvmon.model.metrics.spec import COUNTER, HISTOGRAM, Spec

SOURCE = "probe"
NODE = ("target", "instance")

SUCCESS = Spec(
    "kvmon_probe_success", "Whether the last try of the op (read, write, connect) succeeded.", labels=(*NODE, "op"), source=SOURCE
)
TOTAL = Spec(
    "kvmon_probes_total", "Tries of the op, by what came of them.", COUNTER, labels=(*NODE, "op", "outcome"), source=SOURCE
)
DURATION = Spec(
    "kvmon_probe_duration_seconds",
    "How long the steps took. Kept connection: connect, get (PING and GET in one round trip), set; fresh one: dns, tcp, tls, auth, ping.",
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
EXPIRY = Spec(
    "kvmon_tls_certificate_expiry_timestamp_seconds",
    "When the certificate that the server shows ends.",
    labels=NODE,
    source=SOURCE,
    unit="seconds",
)

LAG = Spec(
    "kvmon_replication_canary_lag_seconds",
    "How far a replica is behind at least: the age of the first canary of its primary that it does not have; absent where none was written.",
    labels=NODE,
    source=SOURCE,
    unit="seconds",
)

ROWS: tuple[Spec, ...] = (SUCCESS, TOTAL, DURATION, RETRIES, TAINTED, EXPIRY, LAG)
"""All of them."""
