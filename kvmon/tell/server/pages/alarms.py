"""The alerts that are pending or fire, as a page shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kvmon.tell.server.pages.runbooks import link
from kvmon.tell.server.view import View

SEVERITIES = ("critical", "warning", "info")


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alert. `since` is wall seconds, `runbook` where to read on (may be empty).

    `silenced` are the ids of what silences it, `muted` the names of times at which nobody is told of it.
    """

    name: str
    state: str
    since: float
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    silenced: Sequence[str] = ()
    muted: Sequence[str] = ()
    runbook: str = ""

    @property
    def severity(self) -> str:
        """critical, warning, info, or whatever its label says."""
        return self.labels.get("severity", "") or "none"

    @property
    def loud(self) -> bool:
        """Whether it fires, is meant for people (a watchdog is not), and nobody silenced it."""
        return self.state == "firing" and not self.silenced and self.severity != "none"

    @property
    def target(self) -> str:
        """The target that it speaks of; empty for one of the daemon."""
        return self.labels.get("target", "")

    @property
    def summary(self) -> str:
        """What it says, in a sentence or in its name."""
        return self.annotations.get("summary") or self.name

    @property
    def others(self) -> Sequence[tuple[str, str]]:
        """The labels that tell it from others of its name."""
        shown = ("alertname", "severity", "target", "job")
        return [(name, value) for name, value in self.labels.items() if name not in shown]

    @property
    def order(self) -> tuple[object, ...]:
        """Sorts the loud ones first, then by severity, the newest first."""
        rank = SEVERITIES.index(self.severity) if self.severity in SEVERITIES else len(SEVERITIES)
        return (not self.loud, self.state != "firing", rank, -self.since, self.name)


def alarms(view: View) -> list[Alarm]:
    """All of them, the worst first."""
    notifier = view.notifier()
    found = []
    for status in view.rules():
        for rule, state in zip(status.group.rules, status.states, strict=True):
            for alert in state.alerts.values():
                if alert.state.value == "inactive":
                    continue
                labels = dict(alert.labels)
                annotations = dict(alert.annotations)
                silenced = tuple(notifier.silenced_by(labels)) if notifier is not None else ()
                muted = tuple(notifier.muted_by(labels)) if notifier is not None else ()
                since = (alert.fired_at if alert.state.value == "firing" else None) or alert.active_at
                runbook = link(annotations.get("runbook_url", ""))
                found.append(Alarm(rule.name, alert.state.value, since / 1000, labels, annotations, silenced, muted, runbook))
    return sorted(found, key=lambda alarm: alarm.order)
