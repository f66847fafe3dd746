"""What the daemon says about itself; these series carry no target and no instance."""

from __future__ import annotations

from kvmon.model.metrics.spec import COUNTER, Spec

SOURCE = "daemon"

EVENT_LOOP_LAG = Spec(
    "kvmon_event_loop_lag_seconds",
    "The longest that the event loop was late in the last 15 seconds.",
    source=SOURCE,
    unit="seconds",
)
POLLS_SKIPPED = Spec(
    "kvmon_polls_skipped_total", "Polls left out because the one before was still under way.", COUNTER, source=SOURCE
)
POLLS_RUNNING = Spec("kvmon_polls_running", "Polls under way.", source=SOURCE)
TASKS = Spec("kvmon_event_loop_tasks", "Tasks of the event loop: more and more of them are a leak.", source=SOURCE)
NODES = Spec("kvmon_nodes", "Nodes that are polled.", source=SOURCE)
BUILD_INFO = Spec("kvmon_build_info", "Always 1; which kvmon this is.", labels=("version", "python_version"), source=SOURCE)
JOURNAL_OK = Spec(
    "kvmon_journal_ok",
    "Whether alerts, silences and events are kept in state_dir (1), or its disk fails and memory has to do (0).",
    source=SOURCE,
)
WINDOW_SERIES = Spec("kvmon_window_series", "Series that the recent history holds.", source=SOURCE)
WINDOW_BYTES = Spec("kvmon_window_bytes", "Memory that the recent history takes, about.", source=SOURCE, unit="bytes")
WINDOW_SECONDS = Spec(
    "kvmon_window_seconds", "How far back the recent history goes at most: less than configured when memory is short.",
    source=SOURCE, unit="seconds",
)  # fmt: skip

ROWS: tuple[Spec, ...] = (
    EVENT_LOOP_LAG, TASKS, POLLS_SKIPPED, POLLS_RUNNING, NODES, BUILD_INFO, JOURNAL_OK, WINDOW_SERIES, WINDOW_BYTES,
    WINDOW_SECONDS,
)  # fmt: skip
"""All of them."""
