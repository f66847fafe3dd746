"""Rows of documents that name targets, and of the share of them that this process has."""

from __future__ import annotations

from kvmon.model.metrics.spec import COUNTER, Spec

SOURCE = "discovery"

TARGETS = Spec("kvmon_discovery_targets", "Targets of this process that documents name.", source=SOURCE)
REJECTED = Spec(
    "kvmon_discovery_problems", "Addresses and targets in documents that cannot be watched; the log names them.", source=SOURCE
)
FAILURES = Spec(
    "kvmon_discovery_failures_total", "Documents that could not be read; what they named before stays.", COUNTER,
    labels=("document",), source=SOURCE,
)  # fmt: skip
SUCCESS = Spec(
    "kvmon_discovery_last_success_timestamp_seconds", "When the document was read last.", labels=("document",), source=SOURCE,
    unit="seconds",
)  # fmt: skip
SHARD = Spec(
    "kvmon_shard_info", "Which of several processes this is, where these share the targets.", labels=("part", "of"),
    source=SOURCE,
)  # fmt: skip

ROWS: tuple[Spec, ...] = (TARGETS, REJECTED, FAILURES, SUCCESS, SHARD)
"""All of them."""
