"""An alert as it is told: what judging hands to those who notify."""

from __future__ import annotations

from dataclasses import dataclass

Labels = tuple[tuple[str, str], ...]
"""Pairs of name and value, sorted by name; no name twice, no value empty."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One alert at the moment it is sent: what Prometheus would post to an Alertmanager.

    `labels` identify it. `starts_at` is when it began to fire. `ends_at` is when it was resolved, or, while it fires, until when
    it holds unless it is told again: a notice is resolved when `ends_at` is not after now. Both are wall seconds.
    `generator_url` is a page that shows the rule's expression.
    """

    labels: Labels
    annotations: Labels
    starts_at: float
    ends_at: float
    generator_url: str = ""

    def resolved(self, now: float) -> bool:
        """Whether it is over at this time (wall seconds)."""
        return self.ends_at <= now

    @property
    def name(self) -> str:
        """Its label `alertname`; empty without one."""
        return dict(self.labels).get("alertname", "")
