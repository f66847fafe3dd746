"""Rows of maintenance that a provider announces (Azure Cache for Redis)."""

from __future__ import annotations

from kvmon.model.metrics.spec import COUNTER, Spec

SOURCE = "AzureRedisEvents"

EVENTS = Spec(
    "kvmon_maintenance_events_total", "Announcements of maintenance by the provider.", COUNTER, labels=("target", "kind"),
    source=SOURCE,
)  # fmt: skip
STARTS = Spec(
    "kvmon_maintenance_start_timestamp_seconds", "When the maintenance that was announced last begins; absent once it ended.",
    labels=("target",), source=SOURCE, unit="seconds",
)  # fmt: skip
LISTENING = Spec(
    "kvmon_maintenance_listening", "Whether announcements of maintenance would be heard now.", labels=("target",), source=SOURCE
)

ROWS: tuple[Spec, ...] = (EVENTS, STARTS, LISTENING)
"""All of them."""
