"""Whatever a file holds, loading it gives a configuration or mistakes with places, and nothing else."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from kvmon.config import Mistakes, load
from kvmon.config.dump import dump

KEYS = (
    "interval", "timeout", "targets", "name", "url", "urls", "tls", "ca", "verify", "labels", "collectors", "slowlog", "every",
    "enabled", "web", "tokens", "log", "level",
    "listen", "namespace", "memory_limit", "critical", "password", "username",
)  # fmt: skip
WORDS = (
    "15s", "1ms", "6GiB", "redis://h", "rediss://:p@h:1", "unix:///s", "auto", "off", "a", "b", "full", "127.0.0.1:1", "${A}",
    "${NOPE}", "${file:/nowhere}", "$${x}", "${", "debug", "json", "a-long-token",
)  # fmt: skip
PUNCTUATION = "abc:-[]{}&*!|>'\\\"#%@,?\n\t $<1.~="
PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.dates()
LEAVES = st.sampled_from(WORDS) | PLAIN | st.text(max_size=8)
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4), max_leaves=12
)
TARGET = st.fixed_dictionaries(
    {"name": st.sampled_from(("a", "b", "C")), "url": st.sampled_from(WORDS)},
    optional=dict.fromkeys(("tls", "labels", "collectors", "interval", "timeout", "critical", "urls", "password"), VALUES),
)
FILES = st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=5) | st.fixed_dictionaries(
    {"targets": st.lists(TARGET, max_size=3)}, optional={key: VALUES for key in KEYS if key != "targets"}
)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("files") / "kvmon.yaml"


def outcome(file: Path) -> str:
    """The mistakes, or the interval of the configuration."""
    try:
        config = load(str(file), {"A": "Hunter2!"})
    except Mistakes as mistakes:
        return str(mistakes)
    return str(yaml.safe_load(dump(config))["interval"])


def good(text: str) -> bool:
    return bool(text) and "Hunter2" not in text and "pydantic" not in text


@given(content=FILES)
def test_any_tree_of_values_loads_or_is_told_what_is_wrong(file: Path, content: Any) -> None:
    file.write_text(yaml.safe_dump(content, allow_unicode=True))
    assert good(outcome(file))


@given(text=st.text(alphabet=PUNCTUATION, max_size=60) | st.text(max_size=40))
def test_any_text_loads_or_is_told_what_is_wrong(file: Path, text: str) -> None:
    with contextlib.suppress(UnicodeEncodeError):
        file.write_text(text)
        assert good(outcome(file))


@given(content=st.binary(max_size=60))
def test_any_bytes_load_or_are_told_what_is_wrong(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    assert good(outcome(file))
