"""Notifications: what became of alerts that were told; these series carry no target and no instance."""

from __future__ import annotations

from kvmon.model.metrics.spec import COUNTER, Spec

SOURCE = "daemon"

RESULTS = ("delivered", "retried", "dead")
"""What may become of a try to deliver a notification: `dead` ones are given up, and can be found in the journal."""

NOTIFICATIONS = Spec(
    "kvmon_notifications_total",
    "Tries to deliver a notification by what became of them: delivered, retried later, or dead, which is given up.",
    COUNTER,
    labels=("receiver", "result"),
    source=SOURCE,
)
OUTBOX = Spec("kvmon_notification_outbox", "Notifications that are promised and not delivered yet.", source=SOURCE)
HELD = Spec("kvmon_notification_alerts", "Alerts that the notifier holds.", source=SOURCE)
DELIVERED_AT = Spec(
    "kvmon_notification_last_success_timestamp_seconds",
    "When a notification was last delivered to a receiver.",
    labels=("receiver",),
    source=SOURCE,
    unit="seconds",
)
ALERTMANAGER_SENT = Spec(
    "kvmon_alertmanager_sent_total", "Alerts that an Alertmanager took.", COUNTER, labels=("alertmanager",), source=SOURCE
)
ALERTMANAGER_ERRORS = Spec(
    "kvmon_alertmanager_errors_total",
    "Alerts that an Alertmanager was told in vain; the next resend tells them again.",
    COUNTER,
    labels=("alertmanager",),
    source=SOURCE,
)
ALERTMANAGER_DROPPED = Spec(
    "kvmon_alertmanager_dropped_total",
    "Alerts that were told in vain, or for which the queue had no room.",
    COUNTER,
    labels=("alertmanager",),
    source=SOURCE,
)
ALERTMANAGER_QUEUE = Spec(
    "kvmon_alertmanager_queue", "Alerts that wait to be told to an Alertmanager.", labels=("alertmanager",), source=SOURCE
)

ROWS: tuple[Spec, ...] = (
    NOTIFICATIONS, OUTBOX, HELD, DELIVERED_AT, ALERTMANAGER_SENT, ALERTMANAGER_ERRORS, ALERTMANAGER_DROPPED, ALERTMANAGER_QUEUE,
)  # fmt: skip
"""All of them."""
