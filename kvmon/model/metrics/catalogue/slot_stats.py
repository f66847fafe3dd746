"""Rows of the slots of a cluster's primary that bear most."""

from __future__ import annotations

from kvmon.model.metrics.spec import COUNTER, GAUGE, Kind, Spec


def _row(name: str, text: str, kind: Kind = GAUGE, unit: str = "") -> Spec:
    return Spec(f"kvmon_cluster_slot_{name}", text, kind, labels=("slot",), source="CLUSTER SLOT-STATS", unit=unit)


BY_FIELD: dict[str, tuple[Spec, float]] = {
    "key-count": (_row("keys", "Keys in a slot, of the slots that have most."), 1.0),
    "memory-bytes": (_row("memory_bytes", "Memory of a slot's keys, of the slots that have most.", unit="bytes"), 1.0),
    "cpu-usec": (_row("cpu_seconds_total", "Time spent on a slot's keys.", COUNTER, "seconds"), 1e-6),
    "network-bytes-in": (_row("received_bytes_total", "Bytes received for a slot's keys.", COUNTER, "bytes"), 1.0),
    "network-bytes-out": (_row("sent_bytes_total", "Bytes sent of a slot's keys.", COUNTER, "bytes"), 1.0),
}
"""Rows by the server's name, and what to multiply its number by."""

ROWS: tuple[Spec, ...] = tuple(spec for spec, _ in BY_FIELD.values())
"""All of them."""
