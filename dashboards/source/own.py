"""kvmon itself: is it in time, does it lose anything, what does it take."""

from __future__ import annotations

from dashboards.source.model import BAD_ABOVE_ZERO, BAD_BELOW_ONE, Dashboard, Query, Row, graph, number

OWN = Dashboard(
    uid="kvmon-itself",
    title="kvmon / kvmon itself",
    about="Whether kvmon polls in time, delivers what it promised, and what it takes.",
    by_node=False,
    rows=(
        Row(
            "Now",
            (
                number("Nodes", "Nodes that are polled.", "short", Query("sum(kvmon_nodes)", "nodes")),
                number("Loop lag", "How late kvmon's event loop was at most.", "s", Query("max(kvmon_event_loop_lag_seconds)", "lag"),
                       alarming=((None, "green"), (0.2, "yellow"), (1.0, "red")), runbook="KvmonEventLoopLagging"),
                number("Latest poll", "How late the latest of the last polls began.", "s", Query("max(kvmon_poll_lateness_seconds)", "late"),
                       alarming=((None, "green"), (1.0, "yellow"), (5.0, "red")), runbook="KvmonPollsLate"),
                number("Journal", "Whether what must survive a restart is on disk.", "short", Query("min(kvmon_journal_ok)", "journal"),
                       mapping=(("0", "in memory", "red"), ("1", "on disk", "green")), alarming=BAD_BELOW_ONE,
                       runbook="KvmonJournalFailing"),
                number("Waiting notifications", "Promised and not yet delivered.", "short",
                       Query("sum(kvmon_notification_outbox) or vector(0)", "waiting"), runbook="KvmonNotificationsFailing"),
                number("Polls left out", "In an hour: the one before had not ended.", "short",
                       Query("sum(increase(kvmon_polls_skipped_total[1h]))", "skipped"), alarming=BAD_ABOVE_ZERO),
            ),
        ),
        Row(
            "Work",
            (
                graph("Polls", "How long polls take: the middle and the slowest node.", "s",
                      Query("quantile(0.5, kvmon_poll_duration_seconds)", "median"), Query("max(kvmon_poll_duration_seconds)", "slowest")),
                graph("Failing collectors", "Questions that were not answered, a second.", "ops",
                      Query("sum by (collector, reason) (rate(kvmon_collector_failures_total[$__rate_interval]))",
                            "{{collector}} {{reason}}"), runbook="KvmonCollectorFailing"),
                graph("CPU", "Share of one core.", "percentunit",
                      Query('rate(process_cpu_seconds_total{job=~".*kvmon.*"}[$__rate_interval])', "{{instance}}")),
                graph("Memory", "Resident memory.", "bytes", Query('process_resident_memory_bytes{job=~".*kvmon.*"}', "{{instance}}")),
                graph("Rule groups", "How long an evaluation takes.", "s", Query("kvmon_rule_group_last_duration_seconds", "{{rule_group}}"),
                      runbook="KvmonRuleFailing"),
                graph("Evaluations that failed", "Evaluations a second that ended in an error.", "ops",
                      Query("sum by (rule_group) (rate(kvmon_rule_evaluation_failures_total[$__rate_interval]))", "{{rule_group}}"),
                      runbook="KvmonRuleFailing"),
            ),
        ),
        Row(
            "Delivery",
            (
                graph("Notifications", "A second, by receiver and result.", "ops",
                      Query("sum by (receiver, result) (rate(kvmon_notifications_total[$__rate_interval]))", "{{receiver}} {{result}}"),
                      runbook="KvmonNotificationsFailing"),
                graph("Alertmanagers", "Alerts that could not be sent or were dropped, a second.", "ops",
                      Query("sum by (alertmanager) (rate(kvmon_alertmanager_errors_total[$__rate_interval]))", "failed {{alertmanager}}"),
                      Query("sum by (alertmanager) (rate(kvmon_alertmanager_dropped_total[$__rate_interval]))", "dropped {{alertmanager}}"),
                      runbook="KvmonAlertmanagerFailing"),
                graph("Datadog", "Points a second by what became of them.", "ops",
                      Query("sum by (result) (rate(kvmon_datadog_points_total[$__rate_interval]))", "{{result}}"),
                      runbook="KvmonDatadogDropping"),
            ),
        ),
    ),
)  # fmt: skip
