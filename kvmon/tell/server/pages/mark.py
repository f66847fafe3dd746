"""What a page tells of, in a value: another whenever something became ill or well, or somebody decided."""

from __future__ import annotations

from kvmon.tell.server.view import View

Mark = tuple[object, ...]


def mark(view: View) -> Mark:
    """Another whenever a page would tell of other troubles than before."""
    alerts = [
        (rule.name, alert.state.value, alert.active_at)
        for status in view.rules()
        for rule, state in zip(status.group.rules, status.states, strict=True)
        for alert in state.alerts.values()
        if alert.state.value != "inactive"
    ]
    notifier = view.notifier()
    silences = [(one.id, one.ends_at) for one in notifier.silences.values()] if notifier is not None else []
    return (view.feed.index, view.past.changes, hash(tuple(alerts)), hash(tuple(silences)))
