"""What scans know of a target, as a document for `/v1/workloads`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kvmon.daemon.scan_samples import counted_by, summary_of
from kvmon.model.targets.target import Target, Workload
from kvmon.watch.scans.shard import ShardScan

BIGGEST = 20
"""Of the keys that were looked at."""


def scan_document(target: Target, shards: Sequence[ShardScan]) -> dict[str, Any]:
    """`at` is wall seconds of the oldest shard's last pass, None before every shard was counted; `biggest` names keys."""
    counted = counted_by(shards)
    keys = [each for each in target.workloads if each.keys]
    biggest = sorted((big for each in counted or () for big in each.biggest), key=lambda big: -big.memory)[:BIGGEST]
    return {
        "target": target.name,
        "at": min(each.ended for each in counted) if counted else None,
        "workloads": [_row(each, shards) for each in keys] if counted else [],
        "biggest": [big._asdict() for big in biggest],
    }


def _row(workload: Workload, shards: Sequence[ShardScan]) -> dict[str, Any]:
    found = summary_of(workload, shards)
    lasting = found.lasting.value if found.lasting is not None else None
    return {
        "name": workload.name,
        "keys": found.keys,
        "memory_bytes": round(found.memory.value) if found.memory is not None else None,
        "memory_error_bytes": round(found.memory.error) if found.memory is not None else None,
        "keys_without_ttl": round(lasting) if lasting is not None else None,
        "looked_at": found.looked,
    }
