"""What applications are told, and the probes behind it."""

from __future__ import annotations

from dashboards.source.model import BAD_ABOVE_ZERO, IT, Dashboard, Query, Row, graph, number, table

BREAKERS = Dashboard(
    uid="kvmon-breakers",
    title="kvmon / Breakers and probes",
    about="Circuit breakers by target, operation and shard, and what the probes saw.",
    rows=(
        Row(
            "Breakers",
            (
                number("Open", "Operations that applications are told not to try.", "short",
                       Query(f'count(kvmon_breaker_state{{{IT}, state="open"}} == 1) or vector(0)', "open"), alarming=BAD_ABOVE_ZERO,
                       width=6, runbook="KvmonBreakerOpen"),
                number("Unknown", "Operations of which nothing is known: applications do as they were told to do then.", "short",
                       Query(f'count(kvmon_breaker_state{{{IT}, state="unknown"}} == 1) or vector(0)', "unknown"), width=6),
                number("Overridden", "Breakers that somebody holds open or closed.", "short",
                       Query(f"sum(kvmon_breaker_overridden{{{IT}}}) or vector(0)", "overridden"), width=6),
                number("Following", "Applications that follow the breakers.", "short", Query("sum(kvmon_breaker_followers)", "clients"),
                       width=6),
                table("State", "What each breaker says now.", "short", Query(f"kvmon_breaker_state{{{IT}}} == 1", ""), width=12,
                      runbook="KvmonBreakerOpen"),
                graph("Let through", "Share of calls that a closing breaker lets through.", "percentunit",
                      Query(f"kvmon_breaker_permit_ratio{{{IT}}}", "{{target}} {{op}} {{shard}}"), bounds=(0.0, 1.0), width=12),
                graph("Changes", "Changes of state in ten minutes.", "short",
                      Query(f"increase(kvmon_breaker_transitions_total{{{IT}}}[10m])", "{{target}} {{op}} {{shard}}"), width=12,
                      runbook="KvmonBreakerFlapping"),
                graph("Reports of applications", "Outcomes a second that applications told, by what became of them.", "ops",
                      Query("sum by (result) (rate(kvmon_breaker_reports_total[$__rate_interval]))", "{{result}}"), width=12),
            ),
        ),
        Row(
            "Probes",
            (
                graph("Outcomes", "Probes a second by outcome.", "ops",
                      Query(f"sum by (op, outcome) (rate(kvmon_probes_total{{{IT}}}[$__rate_interval]))", "{{op}} {{outcome}}"), width=12),
                graph("Median and 99th percentile", "How long a PING takes.", "s",
                      Query(f'histogram_quantile(0.5, sum by (target, le) (rate(kvmon_probe_duration_seconds_bucket{{{IT}, step="ping"}}'
                            "[$__rate_interval])))", "{{target}} p50"),
                      Query(f'histogram_quantile(0.99, sum by (target, le) (rate(kvmon_probe_duration_seconds_bucket{{{IT}, step="ping"}}'
                            "[$__rate_interval])))", "{{target}} p99"), width=12, runbook="KvmonProbeSlow"),
                graph("Certificates", "How long the servers' certificates are still valid.", "s",
                      f"kvmon_tls_certificate_expiry_timestamp_seconds{{{IT}}} - time()", width=12,
                      runbook="RedisServerCertificateExpiresSoon"),
                graph("Distrust", "Whether kvmon mistrusts itself: then breakers stand still.", "short",
                      Query("kvmon_breaker_tilt", "{{reason}}"), bounds=(0.0, 1.0), width=12),
            ),
        ),
    ),
)  # fmt: skip
