"""Rows of a Sentinel: what it watches and whether it trusts its own clock."""

from __future__ import annotations

from kvmon.model.metrics.catalogue.rows import row, rows
from kvmon.model.metrics.spec import GAUGE

_SOURCE = "INFO sentinel"
_MASTER = ("master_name", "master_address")

STATUS = row(
    "sentinel_master_status", "Whether a Sentinel holds a primary for well; the status is also a label.",
    *_MASTER, "master_status", source=_SOURCE,
)  # fmt: skip
SLAVES = row("sentinel_master_slaves", "Replicas of a primary that a Sentinel knows of.", *_MASTER, source=_SOURCE)
SENTINELS = row("sentinel_master_sentinels", "Sentinels that watch a primary, this one included.", *_MASTER, source=_SOURCE)

ROWS = (
    *rows(
        _SOURCE, GAUGE,
        ("sentinel_masters", "=", "", "Primaries that a Sentinel watches."),
        ("sentinel_tilt", "=", "", "Whether a Sentinel distrusts its clock and only looks on."),
        ("sentinel_tilt_since_seconds", "=", "seconds", "How long it has distrusted its clock; -1 if it does not."),
        ("sentinel_total_tilt", "=", "", "How often it distrusted its clock."),
        ("sentinel_running_scripts", "=", "", "Scripts that a Sentinel runs now."),
        ("sentinel_scripts_queue_length", "=", "", "Scripts that wait to be run."),
        ("sentinel_simulate_failure_flags", "=", "", "Failures that a Sentinel was told to simulate."),
    ),
    STATUS,
    SLAVES,
    SENTINELS,
)  # fmt: skip
