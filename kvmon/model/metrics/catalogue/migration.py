"""Rows of a migration that is watched."""

from __future__ import annotations

from kvmon.model.metrics.spec import COUNTER, Spec

SOURCE = "migration"


def _row(name: str, text: str, *labels: str, unit: str = "") -> Spec:
    return Spec(f"kvmon_migration_{name}", text, labels=("migration", *labels), source=SOURCE, unit=unit)


INFO = _row("info", "The migration that is watched; always 1.", "source", "destination", "mode")
READY = _row("ready", "Whether the destination can take the source's place.")
REASON = _row("reason", "Whether this is a reason why it is not ready.", "reason")
LOOKED = _row("compared_keys", "Keys of the source that the verdict stands on.")
RATIO = _row("difference_ratio", "The share of compared keys that differ so and still do at a second look.", "kind", unit="ratio")
KEYS = _row("keys", "Keys of each side.", "side")
MEMORY = _row("memory_bytes", "Memory that each side uses.", "side", unit="bytes")
LAG = _row("write_lag_seconds", "How long a write took from the source to the destination (mode replicate).", unit="seconds")
AT = _row("last_sample_timestamp_seconds", "When keys were compared last.", unit="seconds")
COMPARED = Spec(
    "kvmon_migration_compared_keys_total", "Keys of the source that were compared.", COUNTER, labels=("migration",), source=SOURCE
)
DIFFERENCES = Spec(
    "kvmon_migration_differences_total", "Differences that were found.", COUNTER, labels=("migration", "kind"), source=SOURCE
)

ROWS: tuple[Spec, ...] = (INFO, READY, REASON, LOOKED, COMPARED, RATIO, DIFFERENCES, KEYS, MEMORY, LAG, AT)
"""All of them."""
