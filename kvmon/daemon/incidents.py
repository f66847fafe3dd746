"""What was true around a breaker's opening: gathered at once, bounded, kept in the journal."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Sequence
from typing import Any

from kvmon.clock import Clock
from kvmon.daemon.memories import Memories
from kvmon.daemon.polling import PollLoop
from kvmon.journal.store import Journal
from kvmon.model.evidence import Verdict
from kvmon.model.snapshot import Snapshot
from kvmon.model.targets.target import Node
from kvmon.tell.server.documents import breaker
from kvmon.tell.server.pages.past import SERIES, Past

APART = 10.0
"""Seconds in which further openings of the same shard belong to the same incident: reading and writing fail together."""

NODES, SLOW, VALUES = 6, 16, 80
"""Of nodes, slow commands of each and values of each, at most."""

SPAN, POINTS = 600.0, 40
"""Seconds before it, and moments in them at most."""

FAMILIES = (
    "redis_up", "redis_uptime_in_seconds", "redis_connected_clients", "redis_blocked_clients", "redis_config_maxclients",
    "redis_rejected_connections_total", "redis_memory_used_bytes", "redis_memory_max_bytes", "redis_mem_fragmentation_ratio",
    "redis_evicted_keys_total", "redis_connected_slaves", "redis_master_link_up", "redis_loading_dump_file",
    "redis_rdb_last_bgsave_status", "redis_aof_last_write_status", "redis_rdb_bgsave_in_progress", "redis_slowlog_last_id",
    "redis_latency_spike_duration_seconds", "redis_errors_total", "redis_connected_clients_details", "redis_cluster_state",
    "redis_cluster_slots_fail", "kvmon_memory_utilization_ratio", "kvmon_clients_utilization_ratio",
    "kvmon_commands_per_second", "kvmon_evictions_per_second", "kvmon_replication_lag_seconds", "kvmon_cpu_utilization_ratio",
)  # fmt: skip
"""The series that tell of causes."""

FACTS = ("role", "redis_version", "valkey_version", "uptime_in_seconds", "maxmemory_policy", "master_link_status", "run_id")


class Incidents:
    """Takes and gives them.

    `latest` is a node's last snapshot, `polling` makes one now and knows slow and large commands, `past` has the last minutes.
    """

    def __init__(
        self,
        journal: Journal,
        *,
        clock: Clock,
        latest: Callable[[tuple[str, str]], Snapshot | None],
        polling: PollLoop,
        past: Past,
    ) -> None:
        self._journal = journal
        self._clock = clock
        self._latest = latest
        self._polling = polling
        self._memories = Memories(polling.memory)
        self._past = past
        self._last: dict[tuple[str, str], float] = {}

    async def take(self, verdict: Verdict, nodes: Sequence[Node]) -> None:
        """The breaker opened just now; `nodes` are those of its shard."""
        now, shard = self._clock.monotonic(), (verdict.target, verdict.shard)
        if now - self._last.get(shard, -APART) < APART:
            return
        self._last[shard] = now
        at = self._clock.time()
        # What was known before is kept apart from what can still be asked.
        before = {node.key: self._latest(node.key) for node in nodes[:NODES]}
        found = [await self._look(node, before[node.key]) for node in nodes[:NODES]]
        data = {"reason": verdict.reason_class, "breaker": breaker(verdict), "nodes": found}
        row = (at, verdict.target, verdict.op, verdict.shard, json.dumps(data))

        def work(connection: sqlite3.Connection) -> None:
            connection.execute("INSERT INTO incidents (at, target, op, shard, data) VALUES (?, ?, ?, ?, ?)", row)

        await self._journal.commit(work)

    async def _look(self, node: Node, before: Snapshot | None) -> dict[str, Any]:
        try:
            now = await self._polling.poll_now(node)
        except KeyError:  # no longer polled
            now = None
        # The arguments of commands are what users sent: only how many there were is kept.
        slow = [
            {"at": e.at, "seconds": e.seconds, "command": e.command, "arguments": e.arguments}
            for e in self._memories.slow_commands(node)[:SLOW]
        ]
        large: dict[str, list[dict[str, Any]]] = {}
        for e in self._memories.large_commands(node):
            if len(entries := large.setdefault(e.log, [])) < SLOW:
                entries.append({"at": e.at, "bytes": e.size, "command": e.command, "arguments": e.arguments})
        return {
            "instance": node.instance, "before": _shown(before), "then": _shown(now), "slow_commands": slow,
            "large_commands": large, "series": self._minutes(node),
        }  # fmt: skip

    def _minutes(self, node: Node) -> dict[str, Any]:
        """The last minutes of what is drawn on pages; None where nothing is known of a moment."""
        found = {name: self._past.line([node.key], name, span=SPAN, points=POINTS) for name in SERIES}
        return {
            name: {"end": line.end, "step": line.step, "values": [None if v is None else round(v, 4) for v in line.values]}
            for name, line in found.items()
            if line.known
        }

    async def recent(self, target: str | None, limit: int) -> list[dict[str, Any]]:
        """The newest first, each with its time in wall seconds."""
        where, arguments = ("WHERE target = ?", (target,)) if target is not None else ("", ())
        query = f"SELECT id, at, target, op, shard, data FROM incidents {where} ORDER BY id DESC LIMIT ?"  # noqa: S608 - ours
        rows = await self._journal.read(query, (*arguments, limit))
        return [
            {"id": row[0], "at": row[1], "target": row[2], "op": row[3], "shard": row[4], **json.loads(row[5])} for row in rows
        ]

    async def events(self, target: str | None, limit: int) -> list[dict[str, Any]]:
        """What the journal says happened, the newest first."""
        where, arguments = ("WHERE target = ?", (target,)) if target is not None else ("", ())
        query = f"SELECT at, kind, target, node, subject, text, data FROM events {where} ORDER BY id DESC LIMIT ?"  # noqa: S608 - ours
        rows = await self._journal.read(query, (*arguments, limit))
        names = ("at", "kind", "target", "node", "subject", "text")
        return [{**dict(zip(names, row, strict=False)), "data": json.loads(row[6])} for row in rows]


def _shown(snapshot: Snapshot | None) -> dict[str, Any] | None:
    if snapshot is None:
        return None
    values: dict[str, float] = {}
    for sample in snapshot.samples:
        if sample.spec.name in FAMILIES and len(values) < VALUES:
            pairs = ",".join(f"{name}={value}" for name, value in zip(sample.spec.labels, sample.labels, strict=False))
            values[f"{sample.spec.name}{{{pairs}}}" if pairs else sample.spec.name] = sample.value
    failure = snapshot.failure
    return {
        "at": snapshot.at,
        "up": snapshot.up,
        "failure": {"reason": failure.reason, "message": failure.message} if failure is not None else None,
        "facts": {name: snapshot.facts[name] for name in FACTS if name in snapshot.facts},
        "values": values,
    }
