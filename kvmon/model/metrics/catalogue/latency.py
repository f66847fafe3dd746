"""Latency monitor and latency histograms."""

from __future__ import annotations

from kvmon.model.metrics.spec import COUNTER, HISTOGRAM, Spec

HISTOGRAMS = Spec(
    "redis_commands_latencies_usec",
    "How long commands took, in microseconds, by command.",
    HISTOGRAM,
    labels=("cmd",),
    source="LATENCY HISTOGRAM",
    unit="microseconds",
)
SPIKE_LAST = Spec(
    "redis_latency_spike_last",
    "When the event last took longer than latency-monitor-threshold, as Unix time.",
    labels=("event_name",),
    source="LATENCY LATEST",
    unit="seconds",
)
SPIKE_DURATION = Spec(
    "redis_latency_spike_duration_seconds",
    "How long the latest spike of the event took.",
    labels=("event_name",),
    source="LATENCY LATEST",
    unit="seconds",
)
SPIKE_MAX = Spec(
    "kvmon_latency_spike_max_seconds",
    "How long the longest spike of the event took since the server started or LATENCY RESET.",
    labels=("event_name",),
    source="LATENCY LATEST",
    unit="seconds",
)
SPIKE_SECONDS = Spec(
    "kvmon_latency_spike_seconds_total",
    "Time that all spikes of the event took (Valkey 8.1 and later).",
    COUNTER,
    labels=("event_name",),
    source="LATENCY LATEST",
    unit="seconds",
)
SPIKES = Spec(
    "kvmon_latency_spikes_total",
    "Spikes of the event (Valkey 8.1 and later).",
    COUNTER,
    labels=("event_name",),
    source="LATENCY LATEST",
)

ROWS = (HISTOGRAMS, SPIKE_LAST, SPIKE_DURATION, SPIKE_MAX, SPIKE_SECONDS, SPIKES)
