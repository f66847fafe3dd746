"""Rows of commands: calls, time, rejections, failures, latency percentiles, errors by their first word."""

from __future__ import annotations

from kvmon.model.metrics.catalogue.rows import row
from kvmon.model.metrics.spec import COUNTER, SUMMARY

_SOURCE = "INFO commandstats"

CALLS = row("commands_total", "Calls of a command.", "cmd", source=_SOURCE, kind=COUNTER)
DURATION = row(
    "commands_duration_seconds_total", "Time spent executing a command.", "cmd", source=_SOURCE, kind=COUNTER, unit="seconds"
)
REJECTED = row(
    "commands_rejected_calls_total", "Calls of a command that were refused before they ran.", "cmd", source=_SOURCE, kind=COUNTER
)
FAILED = row("commands_failed_calls_total", "Calls of a command that failed while they ran.", "cmd", source=_SOURCE, kind=COUNTER)
ERRORS = row("errors_total", "Error replies by their first word.", "err", source="INFO errorstats", kind=COUNTER)
PERCENTILES = row(
    "latency_percentiles_usec", "Latency of a command in microseconds; the quantile is in percent.", "cmd",
    source="INFO latencystats", kind=SUMMARY,
)  # fmt: skip

ROWS = (CALLS, DURATION, REJECTED, FAILED, ERRORS, PERCENTILES)
