"""When a server is to be left alone: told from what its last poll said."""

from __future__ import annotations

from kvmon.model.metrics.catalogue.derived import CPU
from kvmon.model.snapshot import Snapshot

BUSY = 0.8
"""Of the main thread's time: a server with so much to do is not asked for more."""

REASONS = ("down", "loading", "syncing", "cpu")
"""Every answer of `stress` but the empty one."""


def stress(snapshot: Snapshot | None) -> str:
    """Why no scan goes on now; empty where it may."""
    if snapshot is None or not snapshot.up:
        return "down"
    facts = snapshot.facts
    if facts.get("loading", "0") != "0" or facts.get("async_loading", "0") != "0":
        return "loading"
    if facts.get("master_sync_in_progress", "0") != "0":
        return "syncing"
    if facts.get("io_threads_active") == "1" and "used_active_time_main_thread" not in facts:
        return ""  # a main thread that spins while it waits counts as busy
    threads = {sample.labels: sample.value for sample in snapshot.samples if sample.spec is CPU}
    busy = threads.get(("main",), threads.get(("all",), 0.0))
    return "cpu" if busy > BUSY else ""
