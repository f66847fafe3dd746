"""Alerts from evaluation to evaluation. Times are minutes in the tables of these tests."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvmon.judge.alerts.lifecycle import (
    RESEND,
    RETENTION,
    Alert,
    Found,
    OverLimit,
    Remembered,
    SameLabels,
    State,
    Terms,
    restore,
    series,
    step,
    tell,
)
from kvmon.model.alert import Labels

MINUTE = 60_000
WEB: Labels = (("alertname", "Down"), ("target", "web"))
DB: Labels = (("alertname", "Down"), ("target", "db"))


def found(labels: Labels = WEB, value: float = 1.0) -> Found:
    return Found(labels, (("summary", f"is {value:g}"),), value)


def run(pattern: str, terms: Terms) -> list[str]:
    """The letter of its state after each evaluation, one a minute; `x`: the expression has the alert; `-`: it is gone."""
    alerts: dict[Labels, Alert] = {}
    states = []
    for minute, sign in enumerate(pattern):
        alerts = step(alerts, [found()] if sign == "x" else [], terms, minute * MINUTE)
        states.append(alerts[WEB].state.value[0] if WEB in alerts else "-")
    return states


@pytest.mark.parametrize(
    ("pattern", "terms", "expected"),
    [
        ("xx..", Terms(), "ffii"),
        ("xxxx.", Terms(hold=2 * MINUTE), "ppffi"),
        ("xx.xxx", Terms(hold=2 * MINUTE), "pp-ppf"),
        ("x...x..", Terms(keep_firing=2 * MINUTE), "fffifff"),
        ("x.x...", Terms(keep_firing=2 * MINUTE), "fffffi"),
        ("x." + "." * 16 + "x", Terms(), "f" + "i" * 16 + "-f"),
        ("x.x", Terms(hold=MINUTE, keep_firing=MINUTE), "p-p"),
    ],
)
def test_states_over_time(pattern: str, terms: Terms, expected: str) -> None:
    assert "".join(run(pattern, terms)) == expected


def test_a_returning_alert_is_a_new_one() -> None:
    alerts = step({}, [found()], Terms(), 0)
    alerts = step(alerts, [], Terms(), MINUTE)
    assert (alerts[WEB].fired_at, alerts[WEB].resolved_at) == (0, MINUTE)

    alerts = step(alerts, [found(value=7)], Terms(), 2 * MINUTE)

    assert alerts[WEB] == Alert(WEB, (("summary", "is 7"),), State.FIRING, 7.0, 2 * MINUTE, fired_at=2 * MINUTE)


def test_two_results_that_are_one_alert_leave_everything_as_it_was() -> None:
    with pytest.raises(SameLabels, match="vector contains metrics with the same labelset after applying alert labels"):
        step({}, [found(), found(value=2)], Terms(), 0)


def test_a_limit_counts_active_alerts() -> None:
    alerts = step({}, [found()], Terms(limit=1), 0)
    assert step(step(alerts, [], Terms(limit=1), 1), [found(DB)], Terms(limit=1), 2)[DB].state is State.FIRING

    with pytest.raises(OverLimit, match="exceeded limit of 1 with 2 alerts"):
        step(alerts, [found(), found(DB)], Terms(limit=1), 1)


def test_a_longer_for_makes_a_firing_alert_wait_again() -> None:
    alerts, _ = tell(step({}, [found()], Terms(), 0), 0, interval=MINUTE)

    waiting = step(alerts, [found()], Terms(hold=5 * MINUTE), MINUTE)[WEB]

    assert (waiting.state, waiting.fired_at, waiting.sent_at, waiting.active_at) == (State.PENDING, None, None, 0)


def test_what_is_told_and_when() -> None:
    alerts: dict[Labels, Alert] = {}
    told = []
    for second in range(0, 240, 20):
        alerts = step(alerts, [found()] if 20 <= second < 120 else [], Terms(hold=20_000), second * 1000)
        alerts, notices = tell(alerts, second * 1000, interval=20_000, resend=60_000, url="/graph")
        told += [(second, notice.starts_at, notice.ends_at) for notice in notices]

    assert told == [(40, 40.0, 280.0), (120, 40.0, 120.0), (200, 40.0, 120.0)]


def test_a_firing_alert_holds_for_four_of_the_longer_of_interval_and_resend() -> None:
    _, (notice,) = tell(step({}, [found()], Terms(), 0), 0, interval=5 * MINUTE)

    assert (notice.ends_at, notice.annotations) == (20 * 60, (("summary", "is 1"),))


def test_series_carry_the_labels_of_the_rule_as_they_are_written() -> None:
    alerts = step({}, [found()], Terms(), 12_345)

    assert series(alerts.values(), "Down", (("level", "{{ $value }}"),)) == [
        (
            (
                ("__name__", "ALERTS"),
                ("alertname", "Down"),
                ("alertstate", "firing"),
                ("level", "{{ $value }}"),
                ("target", "web"),
            ),
            1.0,
        ),
        ((("__name__", "ALERTS_FOR_STATE"), ("alertname", "Down"), ("level", "{{ $value }}"), ("target", "web")), 12.0),
    ]


@pytest.mark.parametrize(
    ("hold", "pending", "down", "expected"),
    [
        (5, 4, 2, 40),  # shorter than the grace period: it begins anew
        (30, 30, 5, 3),  # it was firing: it will again at once
        (30, 25, 5, 20),  # five minutes were left: ten are given, so it counts as active for twenty
        (30, 10, 5, 28),  # as if the outage had not been
        (30, 10, 61, 40),  # too long ago
    ],
)
def test_what_was_active_before_a_restart(hold: int, pending: int, down: int, expected: int) -> None:
    now = 1000 * MINUTE
    last = now - down * MINUTE
    terms = Terms(hold=hold * MINUTE)
    alerts = step({}, [found()], terms, now)

    after = restore(alerts, {WEB: Remembered(last, last - pending * MINUTE)}, terms, now)

    active = (now - after[WEB].active_at) // MINUTE
    assert active == {40: 0, 3: 35, 20: 20, 28: 10}[expected]


EVALUATIONS = st.lists(st.tuples(st.sets(st.sampled_from([WEB, DB])), st.integers(1, 20)), max_size=40)


@given(EVALUATIONS, st.integers(0, 10), st.integers(0, 10))
def test_invariants(evaluations: Sequence[tuple[set[Labels], int]], hold: int, keep: int) -> None:
    terms = Terms(hold=hold * MINUTE, keep_firing=keep * MINUTE)
    alerts: dict[Labels, Alert] = {}
    now = 0
    firing: dict[Labels, bool] = {}  # what a receiver believes
    for present, minutes in evaluations:
        now += minutes * MINUTE
        before = alerts
        alerts = step(before, [found(labels) for labels in sorted(present)], terms, now)
        alerts, notices = tell(alerts, now, interval=MINUTE)
        for notice in notices:
            firing[notice.labels] = not notice.resolved(now / 1000)
        for labels, alert in alerts.items():
            if labels in present:
                assert alert.state is (State.FIRING if now - alert.active_at >= terms.hold else State.PENDING)
            if alert.state is State.INACTIVE:
                assert alert.resolved_at is not None
                assert now - alert.resolved_at <= RETENTION
            if alert.state is State.FIRING:
                assert alert.sent_at is not None
                assert now - alert.sent_at <= RESEND
        assert present <= alerts.keys()
        # Nobody is left believing that something fires which does not, and the other way round.
        for labels in (WEB, DB):
            now_firing = labels in alerts and alerts[labels].state is State.FIRING
            assert firing.get(labels, False) == now_firing
