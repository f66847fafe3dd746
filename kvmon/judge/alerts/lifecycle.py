"""One evaluation of an alerting rule: from the alerts that were there and what the expression found to the alerts that are there.

Follows Prometheus' rules/alerting.go. Times are milliseconds since the Unix epoch, spans are milliseconds.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from kvmon.judge.promql.work import PART, Work, finished
from kvmon.model.alert import Labels, Notice

RETENTION = 15 * 60_000
"""How long a resolved alert is kept, and told again, after its end."""

RESEND = 60_000
"""A firing alert is told again after so long."""

GRACE = 10 * 60_000
"""Rules whose `for` is shorter simply begin anew after a restart; and so long a restored alert waits at least."""

TOLERANCE = 60 * 60_000
"""After an outage that was longer nothing is restored."""


class State(StrEnum):
    """Where an alert stands."""

    INACTIVE = "inactive"
    PENDING = "pending"
    FIRING = "firing"


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert. `labels` identify it; `value` is what the expression had for it last.

    `active_at`: since when the expression has it; `fired_at`, `resolved_at`: when it began and ceased to fire;
    `keep_firing_since`: since when it only fires because of `keep_firing_for`; `sent_at`: when it was told last.
    """

    labels: Labels
    annotations: Labels
    state: State
    value: float
    active_at: int
    fired_at: int | None = None
    resolved_at: int | None = None
    keep_firing_since: int | None = None
    sent_at: int | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What an expression has for one alert now, its templates expanded."""

    labels: Labels
    annotations: Labels
    value: float


@dataclass(frozen=True, slots=True)
class Terms:
    """What a rule says about time and number: `for`, `keep_firing_for` (milliseconds), and its group's `limit` (0: none)."""

    hold: int = 0
    keep_firing: int = 0
    limit: int = 0


class SameLabels(ValueError):
    """Two results of an expression come to one alert."""

    def __init__(self) -> None:
        super().__init__("vector contains metrics with the same labelset after applying alert labels")


class OverLimit(ValueError):
    """There are more alerts than the group allows; all of the rule's are forgotten."""

    def __init__(self, limit: int, count: int) -> None:
        super().__init__(f"exceeded limit of {limit} with {count} alerts")


Alerts = Mapping[Labels, Alert]


def step(alerts: Alerts, found: Sequence[Found], terms: Terms, now: int) -> dict[Labels, Alert]:
    """The alerts after an evaluation at `now`; those that are not inactive are the active ones.

    Raises SameLabels, after which the old alerts stay as they were, and OverLimit, after which there are none.
    """
    return finished(step_work(alerts, found, terms, now))


def step_work(alerts: Alerts, found: Sequence[Found], terms: Terms, now: int) -> Work[dict[Labels, Alert]]:
    """The same in parts of about a millisecond."""
    present = {one.labels: one for one in found}
    if len(present) != len(found):
        raise SameLabels
    after: dict[Labels, Alert] = {}
    active = 0
    for place, labels in enumerate({**alerts, **present}):
        if place % PART == 0:
            yield
        alert = (
            _absent(alerts[labels], terms, now) if labels not in present else _present(alerts.get(labels), present[labels], now)
        )
        if alert is None:
            continue
        if alert.state is not State.INACTIVE:
            active += 1
            alert = _held(alert, terms, now)
        after[labels] = alert
    if 0 < terms.limit < active:
        raise OverLimit(terms.limit, active)
    return after


def _present(alert: Alert | None, found: Found, now: int) -> Alert:
    if alert is None or alert.state is State.INACTIVE:
        return Alert(found.labels, found.annotations, State.PENDING, found.value, now)
    return replace(alert, value=found.value, annotations=found.annotations, keep_firing_since=None)


def _absent(alert: Alert, terms: Terms, now: int) -> Alert | None:
    """An alert that the expression no longer has; None once it can be forgotten."""
    if alert.state is State.FIRING and terms.keep_firing > 0:
        since = now if alert.keep_firing_since is None else alert.keep_firing_since
        alert = replace(alert, keep_firing_since=since)
        if now - since < terms.keep_firing:
            return alert
    if alert.state is State.PENDING or (alert.resolved_at is not None and now - alert.resolved_at > RETENTION):
        return None
    return alert if alert.state is State.INACTIVE else replace(alert, state=State.INACTIVE, resolved_at=now)


def _held(alert: Alert, terms: Terms, now: int) -> Alert:
    """Whether it was active for long enough to fire; a reload may have made `for` longer than it was active."""
    long_enough = now - alert.active_at >= terms.hold
    if alert.state is State.PENDING and long_enough:
        return replace(alert, state=State.FIRING, fired_at=now)
    if alert.state is State.FIRING and not long_enough:
        return replace(alert, state=State.PENDING, fired_at=None, keep_firing_since=None, sent_at=None)
    return alert


def tell(
    alerts: Alerts, now: int, *, interval: int, resend: int = RESEND, url: str = ""
) -> tuple[dict[Labels, Alert], tuple[Notice, ...]]:
    """The notices that are due at `now`, and the alerts with when they were told.

    A firing alert is told when it begins and then every `resend`, a resolved one at once and then as often until it is forgotten.
    While it fires it is said to hold for four of the longer of `interval` and `resend`: two failures to tell it may be missed.
    """
    told = dict(alerts)
    notices: list[Notice] = []
    valid = now + 4 * max(interval, resend)
    for labels, alert in alerts.items():
        if not _due(alert, now, resend):
            continue
        told[labels] = replace(alert, sent_at=now)
        ends = valid if alert.resolved_at is None else alert.resolved_at
        starts = alert.fired_at if alert.fired_at is not None else alert.active_at
        notices.append(Notice(labels, alert.annotations, starts / 1000, ends / 1000, url))
    return told, tuple(notices)


def _due(alert: Alert, now: int, resend: int) -> bool:
    if alert.state is State.PENDING:
        return False
    if alert.sent_at is None or (alert.resolved_at is not None and alert.resolved_at > alert.sent_at):
        return True
    return alert.sent_at + resend < now


@dataclass(frozen=True, slots=True)
class Remembered:
    """What is known of an alert from before a restart: when it was seen last, and since when it was active then."""

    last_at: int
    active_at: int


def restore(
    alerts: Alerts, remembered: Mapping[Labels, Remembered], terms: Terms, now: int, *, grace: int = GRACE
) -> dict[Labels, Alert]:
    """The alerts with the time that they were active before a restart.

    What was over before the outage is not in `remembered`. An alert that was pending goes on as if the outage had not been, and
    fires `grace` from now at the earliest; one that had been active for `for` fires at the next evaluation.
    """
    if terms.hold < grace:
        return dict(alerts)
    after = dict(alerts)
    for labels, alert in alerts.items():
        known = remembered.get(labels)
        if known is None or now - known.last_at > TOLERANCE:
            continue
        # Prometheus keeps this in series whose values are whole seconds.
        down, active = known.last_at // 1000 * 1000, known.active_at // 1000 * 1000
        left = terms.hold - (down - active)
        if left > 0:
            active = now + grace - terms.hold if left < grace else active + now - down
        after[labels] = replace(alert, active_at=active)
    return after


Sample = tuple[Labels, float]


def series(alerts: Iterable[Alert], rule: str, labels: Labels) -> list[Sample]:
    """The series `ALERTS` and `ALERTS_FOR_STATE` of the active alerts of a rule with these labels (as written in the file)."""
    samples: list[Sample] = []
    for alert in alerts:
        if alert.state is State.INACTIVE:
            continue
        common = {**dict(labels), **dict(alert.labels), "alertname": rule}
        samples.append((_sorted({**common, "__name__": "ALERTS", "alertstate": alert.state.value}), 1.0))
        samples.append((_sorted({**common, "__name__": "ALERTS_FOR_STATE"}), float(alert.active_at // 1000)))
    return samples


def _sorted(labels: Mapping[str, str]) -> Labels:
    return tuple(sorted((name, value) for name, value in labels.items() if value))
