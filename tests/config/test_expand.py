"""References in strings."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvmon.config.expand import expand

NAMES = st.from_regex(r"[A-Z_][A-Z0-9_]{0,8}", fullmatch=True)


def nothing(path: str) -> str:
    raise ValueError(f"cannot read {path}: no such file or directory")


@given(st.text().filter(lambda text: "${" not in text))
def test_text_without_references_stays_as_it_is(text: str) -> None:
    assert expand(text, {}, nothing) == text


@given(NAMES, st.text(), st.text(alphabet="ab: /"), st.text(alphabet="ab: /"))
def test_a_value_is_put_in_once_whatever_it_holds(name: str, value: str, before: str, after: str) -> None:
    assert expand(f"{before}${{{name}}}{after}", {name: value}, nothing) == before + value + after


@given(NAMES, st.text(alphabet=st.characters(exclude_characters="{}")))
def test_a_default_stands_in_for_what_is_not_set_or_empty(name: str, default: str) -> None:
    assert expand(f"${{{name}:-{default}}}", {}, nothing) == default
    assert expand(f"${{{name}:-{default}}}", {name: ""}, nothing) == default
    assert expand(f"${{{name}:-{default}}}", {name: "set"}, nothing) == "set"


@given(st.text(alphabet="${}:-fileAB/ ", max_size=40))
def test_any_text_expands_or_is_refused(text: str) -> None:
    with contextlib.suppress(ValueError):
        expand(text, {"A": "1"}, nothing)


def test_a_file_gives_its_text_without_the_last_line_break() -> None:
    files = {"/run/secret": "a\nb\r\n"}
    assert expand("x${file:/run/secret}y", {}, files.__getitem__) == "xa\nby"


def test_a_literal_is_written_with_two_dollars() -> None:
    assert expand("$${A} $A $$ ${A}", {"A": "1"}, nothing) == "${A} $A $$ 1"


@pytest.mark.parametrize("text", ["${", "${A", "${}", "${a b}", "${1}", "${A-x}", "${NOPE}", "${file:/nowhere}"])
def test_a_bad_reference_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        expand(text, {"A": "secret"}, nothing)
