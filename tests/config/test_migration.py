"""The section `migration`."""

from __future__ import annotations

from pathlib import Path

import pytest

from kvmon.config import load
from kvmon.errors import UsageError

TARGETS = "targets: [{name: old, url: 'redis://a'}, {name: new, url: 'redis://b'}]\n"


def read(tmp_path: Path, text: str) -> object:
    file = tmp_path / "kvmon.yaml"
    file.write_text(TARGETS + text)
    return load(str(file), {}).migration


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("migration: {source: old, destination: nwe}", "kvmon.yaml:2: migration.destination: no target is called 'nwe'"),
        ("migration: {source: old, destination: old}", "source and destination are the same target"),
        ("migration: {source: old, destination: new, mode: both}", "mode"),
        ("migration: {source: old}", "migration.destination: it is missing"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(UsageError) as error:
        read(tmp_path, text)
    assert told in str(error.value)


def test_none_is_the_default(tmp_path: Path) -> None:
    assert read(tmp_path, "") is None
    assert read(tmp_path, "migration: {source: old, destination: new}") is not None
