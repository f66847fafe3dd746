"""What the journal keeps of alerts: events, and since when each is active, so that a restart lets none begin anew."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping

from kvmon.journal.store import Journal
from kvmon.judge.alerts.lifecycle import GRACE, Alert, Remembered, State
from kvmon.judge.rules.groups import RuleState
from kvmon.judge.rules.rulefile import Rule
from kvmon.model.alert import Labels

MOST = 100
"""Events of one rule at one time: an alert of everything must not push all else out of the journal."""


class AlertJournal:
    """One row for each rule that waits long: which alerts were active at its last evaluation, and since when."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._known: dict[str, dict[Labels, Remembered]] = {}
        self._written: set[str] = set()

    async def load(self) -> None:
        """What there is from before the restart."""
        for ident, data in await self._journal.read("SELECT id, data FROM alerts"):
            try:
                at, alerts = json.loads(data)
                self._known[ident] = {
                    tuple((str(name), str(value)) for name, value in labels): Remembered(int(at), int(active))
                    for labels, active in alerts
                }
            except (ValueError, TypeError):
                continue  # a row of another version, or damaged: the alert begins anew
            self._written.add(ident)

    def known(self, group: tuple[str, str], rule: Rule) -> Mapping[Labels, Remembered]:
        """What was active when a rule was evaluated last before the restart."""
        return self._known.get(_ident(group, rule), {})

    def work(self, group: tuple[str, str], rule: Rule, state: RuleState) -> Callable[[sqlite3.Connection], None] | None:
        """What to write with this state of a rule; None where there is nothing to remember, or nobody to remember for."""
        if rule.hold < GRACE or self._journal.folder is None or state.health != "ok":
            return None
        ident = _ident(group, rule)
        active = [(alert.labels, alert.active_at) for alert in state.alerts.values() if alert.state is not State.INACTIVE]
        if not active and ident not in self._written:
            return None
        if not state.restored:
            return None  # what was there before the restart is still to be read

        def write(connection: sqlite3.Connection) -> None:
            if active:
                row = (ident, rule.name, json.dumps([state.at, active]))
                connection.execute("INSERT OR REPLACE INTO alerts (id, rule, data) VALUES (?, ?, ?)", row)
            else:
                connection.execute("DELETE FROM alerts WHERE id = ?", (ident,))

        if active:
            self._written.add(ident)
        else:
            self._written.discard(ident)
        return write


def happened(rule: Rule, state: RuleState) -> Callable[[sqlite3.Connection], None] | None:
    """What to write of the alerts that began, or ceased, to fire at this evaluation; None for none that is meant for people."""
    changed = [
        alert
        for alert in state.alerts.values()
        if alert.fired_at is not None
        and state.at in (alert.fired_at, alert.resolved_at)
        and dict(alert.labels).get("severity") != "none"
    ]
    rows = [_event(rule, alert) for alert in changed[:MOST]]

    def write(connection: sqlite3.Connection) -> None:
        query = "INSERT INTO events (at, kind, target, node, subject, text, data) VALUES (?, ?, ?, ?, ?, ?, ?)"
        connection.executemany(query, rows)

    return write if rows else None


def _event(rule: Rule, alert: Alert) -> tuple[float, str, str, str, str, str, str]:
    labels, fires = dict(alert.labels), alert.resolved_at is None
    text = (
        f"{rule.name} fires: {dict(alert.annotations).get('summary', '')}".removesuffix(": ") if fires else f"{rule.name} is over"
    )
    at = (alert.fired_at if fires else alert.resolved_at) or 0
    data = json.dumps({"state": "firing" if fires else "resolved", "labels": labels})
    return at / 1000, "alert", labels.get("target", ""), labels.get("instance", ""), rule.name, text, data


def _ident(group: tuple[str, str], rule: Rule) -> str:
    return json.dumps([*group, rule.name, rule.labels])
