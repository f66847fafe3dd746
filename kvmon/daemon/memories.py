"""What collectors remember of nodes, as pages, incidents and the journal ask for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kvmon.model.targets.target import Node
from kvmon.tell.server.view import LargeCommand, SlowCommand
from kvmon.watch.collectors.commandlog import CommandlogMemory
from kvmon.watch.collectors.latency import LatencyMemory
from kvmon.watch.collectors.slowlog import SlowlogMemory
from kvmon.watch.collectors.slowlog_entries import Seen

Key = tuple[str, str]


class Memories:
    """`memory` gives what a collector, by name, remembers of a node; None for one that is not polled, or not asked for that."""

    def __init__(self, memory: Callable[[Key, str], Any]) -> None:
        self._memory = memory

    def slow_log(self, node: Node) -> Seen | None:
        """What was seen of the node's slow log."""
        memory = self._memory(node.key, "slowlog")
        return memory.seen if isinstance(memory, SlowlogMemory) else None

    def slow_commands(self, node: Node) -> Sequence[SlowCommand]:
        """The newest entries of the node's slow log but our own, newest first."""
        seen = self.slow_log(node)
        return [
            SlowCommand(node.instance, entry.id, entry.at, entry.cost, entry.command, entry.arguments, entry.shape)
            for entry in (seen.recent if seen is not None else ())
            if not entry.ours
        ]

    def large_commands(self, node: Node) -> Sequence[LargeCommand]:
        """The newest entries of Valkey's logs of large requests and replies but our own, of each log newest first."""
        memory = self._memory(node.key, "commandlog")
        recent = memory.recent if isinstance(memory, CommandlogMemory) else {}
        return [
            LargeCommand(log, node.instance, entry.at, entry.cost, entry.command, entry.arguments, entry.shape)
            for log, entries in recent.items()
            for entry in entries
            if not entry.ours
        ]

    def latencies(self, key: Key) -> Mapping[str, float]:
        """Quantiles of the durations of commands between the node's last two polls, seconds; empty where not known."""
        memory = self._memory(key, "latency")
        return memory.quantiles if isinstance(memory, LatencyMemory) else {}

    def settings(self, key: Key) -> Mapping[str, str]:
        """What CONFIG GET said of the node last, by name: the same object until it is asked again; empty where not known."""
        return self._memory(key, "config") or {}
