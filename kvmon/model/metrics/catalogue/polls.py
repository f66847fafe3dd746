"""What a poll says about itself, under kvmon's names and redis_exporter's."""

from __future__ import annotations

from kvmon.model.metrics.spec import COUNTER, SUMMARY, Spec

SOURCE = "poll"

UP = Spec("redis_up", "Whether the server answered INFO in the last poll.", source=SOURCE)
KVMON_UP = Spec("kvmon_up", "Whether the server answered INFO in the last poll.", source=SOURCE)
DURATION = Spec("kvmon_poll_duration_seconds", "How long the last poll took.", source=SOURCE, unit="seconds")
LATENESS = Spec("kvmon_poll_lateness_seconds", "How long after its due time the last poll began.", source=SOURCE, unit="seconds")
SUPPORTED = Spec(
    "kvmon_collector_supported",
    "Whether the server answers the collector: 0 where it cannot or refuses.",
    labels=("collector",),
    source=SOURCE,
)
FAILURES = Spec(
    "kvmon_collector_failures_total",
    "Polls in which the collector gave nothing, or (collector poll) the whole node did not.",
    COUNTER,
    labels=("collector", "reason"),
    source=SOURCE,
)
SCRAPES = Spec("redis_exporter_scrapes_total", "Polls of the node.", COUNTER, source=SOURCE)
SCRAPE_DURATION = Spec("redis_exporter_scrape_duration_seconds", "How long polls took.", SUMMARY, source=SOURCE, unit="seconds")
LAST_DURATION = Spec("redis_exporter_last_scrape_duration_seconds", "How long the last poll took.", source=SOURCE, unit="seconds")
LAST_CONNECT = Spec(
    "redis_exporter_last_scrape_connect_time_seconds",
    "How long it took to connect and sign in, for the connection in use.",
    source=SOURCE,
    unit="seconds",
)
LAST_ERROR = Spec(
    "redis_exporter_last_scrape_error",
    "Whether the last poll failed; err is the reason in a word.",
    labels=("err",),
    source=SOURCE,
)
KEY_GROUPS_DURATION = Spec(
    "redis_last_key_groups_scrape_duration_milliseconds",
    "Time a poll spent on key groups: 0, as polls do not scan keys.",
    source=SOURCE,
    unit="milliseconds",
)

ROWS: tuple[Spec, ...] = (
    UP, KVMON_UP, DURATION, LATENESS, SUPPORTED, FAILURES, SCRAPES, SCRAPE_DURATION, LAST_DURATION, LAST_CONNECT, LAST_ERROR,
    KEY_GROUPS_DURATION,
)  # fmt: skip
"""All of them."""
