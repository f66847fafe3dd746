"""Rule files: what is read, and how mistakes are told."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvmon.judge.rules.document import Refused
from kvmon.judge.rules.rulefile import read_file, read_rules

FILES = Path(__file__).parent / "files"


def test_groups_and_rules_are_read() -> None:
    recorded, alerts, behind = read_file(str(FILES / "rules.yaml"))

    assert [group.name for group in (recorded, alerts, behind)] == ["recorded", "alerts", "behind"]
    assert (recorded.interval, alerts.limit, behind.query_offset) == (60_000, 3, 120_000)
    assert recorded.rules[1].labels == (("origin", "{{ not a template here }}"), ("team", "web"))
    down = alerts.rules[0]
    assert (down.name, down.alerts, down.query.text, down.hold, down.keep_firing) == ("Down", True, "up == 0", 120_000, 180_000)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("groups:\n- name: a\n  bogus: 1", "f.yaml:3: unknown key 'bogus' in a group"),
        ("groups:\n- name: a\n  rule: []", "f.yaml:3: unknown key 'rule' in a group (did you mean 'rules'?)"),
        ("groups:\n- name: a\n- name: a", 'f.yaml:3: groupname: "a" is repeated in the same file'),
        ("groups:\n- rules: []", "f.yaml:2: Groupname must not be empty"),
        ("groups:\n- name: a\n  rules:\n  - {}", "f.yaml:4: group \"a\", rule 1, \"\": one of 'record' or 'alert' must be set"),
        (
            "groups:\n- name: a\n  rules:\n  - alert: X\n    expr: up ==",
            'f.yaml:5: group "a", rule 1, "X": could not parse expression: ',
        ),
        (
            "groups:\n- name: a\n  rules:\n  - alert: X\n    expr: up\n    annotations:\n      b: '{{ foo }}'",
            'f.yaml:7: group "a", rule 1, "X": annotation "b": template: __alert_X:1: function "foo" not defined',
        ),
        (
            "groups:\n- name: a\n  rules:\n  - alert: X\n    expr: up == 'err'",
            '(a value is a number: compare texts with a matcher, {label="text"})',
        ),
        ("groups:\n- name: a\n  interval: 5x", 'f.yaml:3: interval: not a valid duration string: "5x"'),
        ("groups:\n- name: a\n  limit: 1.5", "f.yaml:3: limit has to be a whole number"),
        ("groups: 5", "f.yaml:1: groups has to be a list"),
        ("groups:\n- name: a\n  name: b", "f.yaml:3: the key 'name' stands here a second time (the first is in line 2)"),
        ("groups: [", "f.yaml:2: this is no YAML"),
        ("groups: &a [*a]", "f.yaml: the document is too deep"),
    ],
)
def test_a_mistake_is_told_with_its_place(text: str, expected: str) -> None:
    with pytest.raises(Refused) as caught:
        read_rules("f.yaml", text)
    assert expected in str(caught.value)


def test_all_mistakes_are_told_at_once() -> None:
    with pytest.raises(Refused) as caught:
        read_rules("f.yaml", "groups:\n- name: a\n  x: 1\n  rules:\n  - record: r\n    expr: up\n    for: 5m\n  - alert: Y")
    assert len(caught.value.errors) == 3


def test_merged_keys_and_only_the_first_document_count() -> None:
    text = "groups:\n- name: a\n  rules:\n  - &x {alert: X, expr: up, for: 1m}\n  - {<<: *x, for: 2m}\n---\nnonsense: true\n"

    ((first, second),) = [group.rules for group in read_rules("f.yaml", text)]

    assert (first.hold, second.hold, second.name) == (60_000, 120_000, "X")


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(Refused, match="cannot read it: No such file"):
        read_file("nowhere.yaml")


VALUES = st.recursive(
    st.sampled_from(["up", "1m", "x", 5, None, True, "{{ $value }}", "{{", "up =="]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["groups", "name", "rules", "alert", "record", "expr", "for", "labels", "annotations", "limit"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=25,
)


@given(VALUES)
def test_any_document_is_read_or_refused(value: object) -> None:
    import json

    for text in (json.dumps(value), json.dumps({"groups": [value]}), json.dumps({"groups": [{"name": "a", "rules": [value]}]})):
        try:
            groups = read_rules("f.yaml", text)
        except Refused:
            continue
        assert all(group.name for group in groups)
