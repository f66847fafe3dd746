"""What passes over key spaces came to: a document, for people and programs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from kvmon.watch.scans.passing import Pass
from kvmon.watch.scans.rules import Bucket
from kvmon.watch.scans.tally import Estimate, Summary, Tally, summary
from kvmon.watch.scans.walking import Spent


@dataclass(slots=True)
class Shard:
    """A pass over one node; `failure` says why it ended too early."""

    shard: str
    instance: str
    scan: Pass
    spent: Spent = field(default_factory=Spent)
    failure: str = ""


def report(target: str, shards: Sequence[Shard], missing: Sequence[str], seconds: float, *, top: int) -> dict[str, Any]:
    """The document. `missing` are shards that could not be asked; memory in bytes, `error` is half of the 95 % interval."""
    tallies: defaultdict[tuple[str, str], list[Tally]] = defaultdict(list)
    for shard in shards:
        for bucket, tally in shard.scan.tallies.items():
            tallies[bucket.subject, title(bucket)].append(tally)
    groups = {key: summary(found) for key, found in tallies.items()}
    total = groups.pop(("all", ""), None)
    biggest = sorted((big for shard in shards for big in shard.scan.biggest), key=lambda big: -big.memory)[:top]
    expected = sum(shard.scan.expected for shard in shards)
    met = sum(shard.scan.met for shard in shards)
    return {
        "target": target,
        "complete": not missing and bool(shards) and all(shard.scan.done for shard in shards),
        "progress": round(min(1.0, met / expected), 4) if expected else 1.0 if all(shard.scan.done for shard in shards) else 0.0,
        "seconds": round(seconds, 3),
        "commands": sum(shard.spent.commands for shard in shards),
        "server_seconds": round(sum(shard.spent.seconds for shard in shards), 4),
        "shards": [_shard(shard) for shard in shards] + [{"shard": name, "failure": "no node can be asked"} for name in missing],
        "all": _group("", total) if total is not None else None,
        "groups": sorted((_group(name, found) for (_, name), found in groups.items()), key=_weight, reverse=True),
        "biggest": [big._asdict() for big in biggest],
        "refused": {command: text for shard in shards for command, text in shard.scan.refused.items()},
    }


def title(bucket: Bucket) -> str:
    """What a group is called."""
    db = f"db{bucket.db} " if bucket.db > 0 else ""
    return f"{db}{bucket.group or bucket.rule}" if bucket.subject != "all" else ""


def _shard(shard: Shard) -> dict[str, Any]:
    scan = shard.scan
    found: dict[str, Any] = {"shard": shard.shard, "instance": shard.instance, "keys": scan.met, "complete": scan.done}
    return {**found, "failure": shard.failure} if shard.failure else found


def _group(name: str, found: Summary) -> dict[str, Any]:
    return {
        "name": name,
        "keys": found.keys,
        "looked_at": found.looked,
        "memory_bytes": _number(found.memory),
        "memory_error_bytes": _error(found.memory),
        "elements": _number(found.elements),
        "elements_error": _error(found.elements),
        "without_ttl": _number(found.lasting),
        "without_ttl_error": _error(found.lasting),
        "ttl_coverage": round(found.coverage.value, 4) if found.coverage is not None else None,
        "types": {kind: round(count) for kind, count in sorted(found.kinds.items())},
        "expiring_within": {str(limit): round(count) for limit, count in found.within.items()},
    }


def _weight(group: dict[str, Any]) -> tuple[int, int]:
    return group["memory_bytes"] or 0, group["keys"]


def _number(estimate: Estimate | None) -> int | None:
    return round(estimate.value) if estimate is not None else None


def _error(estimate: Estimate | None) -> int | None:
    return round(estimate.error) if estimate is not None else None
