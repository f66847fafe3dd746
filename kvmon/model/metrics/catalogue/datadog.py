"""What the daemon says about its pushing to Datadog, where it does."""

from __future__ import annotations

from kvmon.model.metrics.spec import COUNTER, Spec

SOURCE = "daemon"

POINTS = Spec(
    "kvmon_datadog_points_total",
    "What became of points, service checks and events for Datadog: sent (taken by the socket, or by the API), overflow (no room to "
    "wait), expired (too old), socket (not taken), refused (by the API), not_a_number.",
    COUNTER,
    labels=("result",),
    source=SOURCE,
)
QUEUE = Spec("kvmon_datadog_queue_points", "Points, service checks and events that wait to be sent to Datadog.", source=SOURCE)
QUEUE_BYTES = Spec("kvmon_datadog_queue_bytes", "Size of what waits for Datadog's API, compressed.", source=SOURCE, unit="bytes")
SUCCESS = Spec(
    "kvmon_datadog_last_success_timestamp_seconds",
    "When something was last taken by DogStatsD's socket or Datadog's API; absent before the first time.",
    source=SOURCE,
    unit="seconds",
)
REQUESTS = Spec(
    "kvmon_datadog_requests_total",
    "Requests to Datadog's API by the status of the answer; none: there was no answer.",
    COUNTER,
    labels=("code",),
    source=SOURCE,
)
SLOWLOG_MISSED = Spec(
    "kvmon_datadog_slowlog_missed_total",
    "Slow commands that were not sent to Datadog: gone from the log before a poll, or too many for one push.",
    COUNTER,
    source=SOURCE,
)

ROWS: tuple[Spec, ...] = (
    POINTS, QUEUE, QUEUE_BYTES, SUCCESS, REQUESTS, SLOWLOG_MISSED,
)  # fmt: skip
"""All of them."""
