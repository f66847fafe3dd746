"""Evaluations of rules: what is written, what ends, what is told, and what a reload keeps."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from kvmon.judge.alerts.lifecycle import Remembered, State
from kvmon.judge.promql import Engine
from kvmon.judge.rules.grid import phase, slot
from kvmon.judge.rules.groups import Evaluation, Outcome, RuleState, inherit, remembered, texts_of
from kvmon.judge.rules.questions import Questions
from kvmon.judge.rules.rulefile import Group, Rule, read_rules
from kvmon.judge.rules.unit.store import Store
from kvmon.model.alert import Labels

A: Labels = (("__name__", "up"), ("instance", "a"))
B: Labels = (("__name__", "up"), ("instance", "b"))
MINUTE = 60_000


def group(rules: str, head: str = "") -> Group:
    (made,) = read_rules("f.yaml", f"groups:\n- name: g\n{head}  rules:\n{rules}")
    return made


def questions(at: int) -> Questions:
    """Of templates, over series that are not there."""
    return Questions(Store(), at, Engine())


def evaluate(of: Group, state: RuleState, found: Sequence[tuple[Labels, float]], at: int) -> Outcome:
    rule = of.rules[0]
    return Evaluation(of, at, MINUTE, questions(at)).conclude(rule, texts_of(rule), state, found)


def test_a_recording_rule_writes_under_its_name_and_ends_what_it_no_longer_has() -> None:
    of = group("  - record: copy\n    expr: up\n    labels: {team: web, instance: ''}\n", "  query_offset: 10s\n")

    first = evaluate(of, RuleState(), [(A, 1.0)], MINUTE)
    second = evaluate(of, first.state, [], 2 * MINUTE)

    copy = (("__name__", "copy"), ("team", "web"))
    assert (first.at, first.samples, first.ended) == (50_000, ((copy, 1.0),), ())
    assert (second.samples, second.ended, second.state.health) == ((), (copy,), "ok")


def test_two_results_that_become_one_series_fail_the_rule_and_end_nothing() -> None:
    of = group("  - record: copy\n    expr: up\n    labels: {instance: x}\n")
    before = evaluate(of, RuleState(), [(A, 1.0)], MINUTE).state

    after = evaluate(of, before, [(A, 1.0), (B, 1.0)], 2 * MINUTE)

    assert after.state.health == "err"
    assert after.state.error == "vector contains metrics with the same labelset after applying rule labels"
    assert (after.samples, after.ended, after.state.written) == ((), (), before.written)


def test_a_limit_of_series() -> None:
    of = group("  - record: copy\n    expr: up\n", "  limit: 1\n")

    assert evaluate(of, RuleState(), [(A, 1.0), (B, 1.0)], MINUTE).state.error == "exceeded limit of 1 with 2 series"


def test_alerts_are_told_with_a_link_and_pending_series_end_when_they_fire() -> None:
    of = group("  - alert: Down\n    expr: up == 0\n    for: 1m\n")

    first = evaluate(of, RuleState(), [(A, 0.0)], MINUTE)
    second = evaluate(of, first.state, [(A, 0.0)], 2 * MINUTE)

    assert [dict(labels).get("alertstate") for labels, _ in first.samples] == ["pending", None]
    assert [dict(labels)["alertstate"] for labels in second.ended] == ["pending"]
    assert (first.notices, second.notices[0].generator_url) == ((), "/graph?g0.expr=up+%3D%3D+0&g0.tab=1")


def test_alerts_over_the_limit_are_forgotten() -> None:
    of = group("  - alert: Down\n    expr: up == 0\n", "  limit: 1\n")
    before = evaluate(of, RuleState(), [(A, 0.0)], MINUTE).state

    after = evaluate(of, before, [(A, 0.0), (B, 0.0)], 2 * MINUTE).state

    assert (dict(after.alerts), after.error) == ({}, "exceeded limit of 1 with 2 alerts")


def test_a_failed_evaluation_leaves_alerts_alone() -> None:
    of = group("  - alert: Down\n    expr: up == 0\n")
    before = evaluate(of, RuleState(), [(A, 0.0)], MINUTE).state

    after = Evaluation(of, 2 * MINUTE, MINUTE, questions(2 * MINUTE)).failed(before, "too many samples")

    assert after.state.alerts == before.alerts
    assert (after.state.health, after.state.error, after.notices, after.ended) == ("err", "too many samples", (), ())


def test_nothing_is_written_before_alerts_were_restored() -> None:
    of = group("  - alert: Down\n    expr: up == 0\n    for: 30m\n")
    now = 1000 * MINUTE
    waiting = evaluate(of, RuleState(restored=False), [(A, 0.0)], now)
    assert waiting.samples == ()

    (labels,) = waiting.state.alerts
    state = remembered(waiting.state, of.rules[0], {labels: Remembered(now - MINUTE, now - 41 * MINUTE)}, now)
    outcome = evaluate(of, state, [(A, 0.0)], now + MINUTE)

    assert outcome.state.alerts[labels].state is State.FIRING
    assert len(outcome.samples) == 2


def test_a_reload_keeps_alerts_by_name_and_labels() -> None:
    old = group("  - alert: Down\n    expr: up == 0\n  - alert: Down\n    expr: up == 1\n  - record: copy\n    expr: up\n")
    states = [evaluate(group_of(old, rule), RuleState(), [(A, 0.0)], MINUTE).state for rule in old.rules]
    new = group("  - record: other\n    expr: up\n  - alert: Down\n    expr: up == 2\n    for: 5m\n")

    (other, down), ended = inherit(zip(old.rules, states, strict=True), new.rules)

    assert other == RuleState()
    assert down.alerts == states[0].alerts
    assert {dict(labels)["__name__"] for labels in ended} == {"ALERTS", "ALERTS_FOR_STATE", "copy"}


def group_of(whole: Group, rule: Rule) -> Group:
    return Group(whole.name, whole.file, (rule,))


@given(st.integers(0, 10**13), st.integers(1, 10**7), st.text(max_size=5))
def test_the_grid_is_the_groups_own(now: int, interval: int, name: str) -> None:
    offset = phase(("f.yaml", name), interval)
    at = slot(now, interval, offset)

    assert now - interval < at <= now
    assert (at - offset) % interval == 0
    assert slot(at, interval, offset) == at


def test_texts_ask_in_parts_and_each_question_once() -> None:
    store = Store()
    for place in range(2000):
        store.put((("__name__", "x"), ("n", str(place))), MINUTE, float(place))
    text = '{{ query \\"sum(x)\\" | first | value }} {{ with query \\"x +\\" }}{{ end }}'
    of = group(
        f'  - alert: A\n    expr: up\n    annotations: {{a: "{text}", b: "{{{{ query \\"sum(x)\\" | first | value }}}}"}}\n'
    )
    selected: list[object] = []
    select = store.select
    store.select = lambda *of: selected.append(of) or select(*of)  # type: ignore[method-assign, func-returns-value]
    rule = of.rules[0]
    now = Evaluation(of, MINUTE, MINUTE, Questions(store, MINUTE, Engine()))
    work = now.work(rule, texts_of(rule), RuleState(), [(A, 1.0), (B, 1.0)])

    stops = sum(1 for _ in work)

    assert len(selected) == 1
    assert stops > 8
    alerts = now.conclude(rule, texts_of(rule), RuleState(), [(A, 1.0)]).state.alerts
    (alert,) = alerts.values()
    texts = dict(alert.annotations)
    assert texts["b"] == "1.999e+06"
    assert "error executing template" in texts["a"]
