"""What the daemon says about the rules that it evaluates: Prometheus' own metrics of rules, under kvmon's prefix."""

from __future__ import annotations

from kvmon.model.metrics.spec import COUNTER, Spec

SOURCE = "rules"
GROUP = ("rule_group",)

EVALUATIONS = Spec("kvmon_rule_evaluations_total", "Evaluations of rules of the group.", COUNTER, labels=GROUP, source=SOURCE)
FAILURES = Spec(
    "kvmon_rule_evaluation_failures_total",
    "Evaluations of rules of the group that failed.",
    COUNTER,
    labels=GROUP,
    source=SOURCE,
)
MISSED = Spec(
    "kvmon_rule_group_iterations_missed_total",
    "Evaluations of the group left out because the one before was still under way.",
    COUNTER,
    labels=GROUP,
    source=SOURCE,
)
DURATION = Spec(
    "kvmon_rule_group_last_duration_seconds",
    "How long the last evaluation of the group took, waiting for its turn included.",
    labels=GROUP,
    source=SOURCE,
    unit="seconds",
)
EVALUATED = Spec(
    "kvmon_rule_group_last_evaluation_timestamp_seconds",
    "When the group was last evaluated, since the Unix epoch.",
    labels=GROUP,
    source=SOURCE,
    unit="seconds",
)
RULES = Spec("kvmon_rule_group_rules", "Rules of the group.", labels=GROUP, source=SOURCE)
TRUNCATED = Spec("kvmon_rules_truncated", "Rules that look further back than memory lets the window reach.", source=SOURCE)
ALERTS = Spec("kvmon_alerts", "Alerts by state: pending, firing.", labels=("state",), source=SOURCE)

ROWS: tuple[Spec, ...] = (EVALUATIONS, FAILURES, MISSED, DURATION, EVALUATED, RULES, TRUNCATED, ALERTS)
"""All of them."""
