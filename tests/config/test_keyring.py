"""Credentials by pattern: who gets which, and what is wrong with a rule."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kvmon.config.load import load
from kvmon.config.mistakes import Mistakes
from kvmon.model.targets.target import Credentials


def credentials(tmp_path: Path, rules: str, *urls: str, labels: str = "{}") -> list[Credentials]:
    targets = "".join(f"- {{name: t{number}, url: '{url}', labels: {labels}}}\n" for number, url in enumerate(urls))
    (tmp_path / "kvmon.yaml").write_text(f"targets:\n{targets}credentials:\n{rules}")
    return [target.credentials for target in load(str(tmp_path / "kvmon.yaml"), {}).targets]


def test_the_first_rule_that_fits_counts_and_only_for_its_hosts(tmp_path: Path) -> None:
    rules = "- {hosts: ['*.cache.example.net'], username: kvmon, password: one}\n- {hosts: [b.example.net], password: two}\n"
    urls = ("redis://a.Cache.example.net", "redis://b.example.net", "redis://xcache.example.net", "redis://u:own@b.example.net")
    assert [(found.username, found.password) for found in credentials(tmp_path, rules, *urls)] == [
        ("kvmon", "one"), (None, "two"), (None, None), ("u", "own"),
    ]  # fmt: skip


def test_a_rule_may_go_by_labels(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("three\n")
    rules = "- {labels: {team: web}, password_file: secret}\n"
    (found,) = credentials(tmp_path, rules, "redis://a", labels="{team: web}")
    assert found.password_file == str(tmp_path / "secret")
    (found,) = credentials(tmp_path, rules, "redis://a", labels="{team: db}")
    assert found == Credentials()


def test_redis_exporters_password_file_is_understood(tmp_path: Path) -> None:
    table = '{"redis://a:6379": "plain", "rediss://kvmon@b:6380": "tls", "redis://c:6379": ""}'
    (tmp_path / "passwords.json").write_text(table)
    urls = ("redis://a", "rediss://b:6380", "redis://b:6380", "redis://c", "redis://kvmon@a")
    found = credentials(tmp_path, "- file: passwords.json\n", *urls)
    assert [(one.username, one.password) for one in found] == [
        (None, "plain"), ("kvmon", "tls"), (None, None), (None, None), ("kvmon", "plain"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("rule", "why"),
    [
        ("{password: x}", "it would fit every host"), ("{hosts: ['*'], password: x}", "is no host"),
        ("{hosts: [a]}", "no password"),
        ("{hosts: ['a.*.b'], password: x}", "is no host"), ("{file: f, hosts: [a]}", "remove the others"),
        ("{file: missing.json}", "cannot read"), ("{hosts: [a], password: x, password_file: y}", "keep one"),
    ],
)  # fmt: skip
def test_a_wrong_rule_is_told_with_its_place(tmp_path: Path, rule: str, why: str) -> None:
    with pytest.raises(Mistakes, match=why) as told:
        credentials(tmp_path, f"- {rule}\n", "redis://a")
    assert "kvmon.yaml:4" in str(told.value)


def test_a_password_file_that_is_no_table_is_told_without_its_content(tmp_path: Path) -> None:
    (tmp_path / "passwords.json").write_text("hunter2")
    with pytest.raises(Mistakes, match="no JSON map") as told:
        credentials(tmp_path, "- file: passwords.json\n", "redis://a")
    assert "hunter2" not in str(told.value)


def test_nothing_of_it_shows(tmp_path: Path) -> None:
    credentials(tmp_path, "- {hosts: [a], password: hunter2}\n", "redis://a")
    config: Any = load(str(tmp_path / "kvmon.yaml"), {})
    assert "hunter2" not in repr(config)
