"""What documents name, and the targets that come of it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvmon.config.discovery.documents import Group, parse
from kvmon.config.discovery.options import DiscoveryOptions
from kvmon.config.discovery.targets import Discovery, Maker
from kvmon.config.discovery.wanted import Wanted, wanted
from kvmon.config.targets import Common
from kvmon.model.targets.sharding import Part
from kvmon.model.targets.target import Target
from kvmon.watch.collectors import Collectors


def maker(defaults: dict[str, Any] | None = None, taken: frozenset[str] = frozenset(), part: Part | None = None) -> Maker:
    common = Common(15.0, 3.0, given=False, base="")
    return Maker(Discovery((), DiscoveryOptions(defaults=defaults or {}), common, Collectors(), taken, part))


def made(document: object, **options: Any) -> tuple[dict[str, Target], tuple[str, ...]]:
    targets, problems = maker(**options).make(parse(json.dumps(document)))
    return {target.name: target for target in targets}, problems


def test_json_and_yaml_say_the_same() -> None:
    groups = (Group(("a:6379", "b:6379"), (("team", "web"),)),)
    assert parse('[{"targets": ["a:6379", "b:6379"], "labels": {"team": "web"}}]') == groups
    assert parse("- targets: [a:6379, b:6379]\n  labels: {team: web}\n", yaml_too=True) == groups
    assert parse("", yaml_too=True) == parse("[]") == ()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{}", "no list of groups"), ("[1]", "group 0 is no mapping"), ('[{"target": []}]', "unknown key 'target'"),
        ('[{"targets": "a"}]', "a list of texts"), ('[{"targets": [], "labels": {"a": 1}}]', "'a' has to be text"),
        ('[{"targets": [""]}]', "a list of texts"), ("[", "no YAML"), ("- a: [", "no YAML"), ("[" * 9_000, "nested too|no YAML"),
    ],
)  # fmt: skip
def test_what_is_no_document_is_said(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        parse(text, yaml_too=True)


@given(st.text() | st.text('[]{}":,- \ntargetslb', max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    for yaml_too in (False, True):
        try:
            parse(text, yaml_too=yaml_too)
        except ValueError:
            continue


def test_each_address_is_a_target_unless_they_are_called_alike() -> None:
    found, problems = made([
        {"targets": ["A.example.net:6379", "rediss://me:secret@b.example.net:6380"], "labels": {"team": "web", "__meta_x": "1"}},
        {"targets": ["10.0.0.1:7000"], "labels": {"target": "orders", "role": "primary", "shard": "s1", "zone": "1"}},
        {"targets": ["10.0.0.2:7000"], "labels": {"target": "orders", "role": "replica", "shard": "s1", "zone": "2"}},
        {"targets": ["a.example.net:6390"]},
    ])  # fmt: skip
    assert not problems
    assert sorted(found) == ["a.example.net", "a.example.net-6390", "b.example.net", "orders"]
    assert [str(address) for address in found["orders"].addresses] == ["10.0.0.1:7000", "10.0.0.2:7000"]
    assert found["orders"].labels == {}, "what its nodes differ in is not the target's"
    assert found["b.example.net"].labels == {"team": "web"}
    assert (found["b.example.net"].tls is not None, found["b.example.net"].credentials.password) == (True, "secret")


def test_labels_may_set_options_but_none_that_a_stranger_could_misuse() -> None:
    labels = {"__kvmon_interval": "30s", "__kvmon_critical": "true", "__kvmon_password_file": "/etc/shadow"}
    found, problems = made([{"targets": ["a:6379"], "labels": labels}], defaults={"interval": "5s", "labels": {"env": "prod"}})
    target = found["a"]
    assert (target.interval, target.critical, target.labels) == (30.0, True, {"env": "prod"})
    assert target.credentials.password_file is None
    assert [problem.partition(" is no option")[0] for problem in problems] == ["a: the label __kvmon_password_file"]


def test_what_cannot_be_a_target_is_left_out_and_named_without_its_password() -> None:
    document = [{"targets": ["http://u:hunter2@x", "redis://ok:6379", "redis://u:hunter2@h:99999"], "labels": {"instance": "x"}}]
    found, problems = made(document)
    assert not found
    assert len(problems) == 3
    assert "hunter2" not in " ".join(problems)
    found, problems = made([{"targets": ["ok:6379"]}], taken=frozenset({"ok"}))
    assert (found, problems) == ({}, ("ok: a target of the configuration has this name, and stays",))


def test_what_is_described_as_before_stays_the_same_object() -> None:
    one = maker()
    (a, b), _ = one.make([Group(("a", "b"))])
    (again, other), _ = one.make([Group(("a",)), Group(("b",), (("team", "web"),))])
    assert again is a
    assert other == Target(**{**{name: getattr(b, name) for name in b.__slots__}, "labels": {"team": "web"}})


def test_processes_share_what_is_found() -> None:
    names = [f"host-{number}" for number in range(40)]
    shares = [made([{"targets": names}], part=Part(number, 3))[0] for number in (1, 2, 3)]
    assert sorted(name for share in shares for name in share) == sorted(names)
    assert all(shares)


@given(st.lists(st.tuples(st.lists(st.sampled_from(["a", "b:1", "A", "::", "redis://c/0"])), st.sampled_from(["", "x"]))))
def test_no_name_is_given_twice(groups: list[tuple[list[str], str]]) -> None:
    problems: list[str] = []
    found: list[Wanted] = wanted([Group(tuple(t), (("target", n),) if n else ()) for t, n in groups], problems)
    assert len({one.name for one in found}) == len(found)
