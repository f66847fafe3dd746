"""Matchers read what Alertmanager reads, and write what it writes."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvmon.tell.notify.matchers import Matcher, Op, make_matcher, matches_all, parse_matchers

READ = {
    'a="b"': [Matcher("a", "b")],
    "a=b": [Matcher("a", "b")],
    '{a="b", c!~".*",}': [Matcher("a", "b"), Matcher("c", ".*", Op.NOT_REGEX)],
    ' a =~ "x|y" , b != z ': [Matcher("a", "x|y", Op.REGEX), Matcher("b", "z", Op.NOT_EQUAL)],
    'a="x,y}"': [Matcher("a", "x,y}")],
    'a="q\\"\\\\\\n\\u00e9"': [Matcher("a", 'q"\\\né')],
    '"a name"="é"': [Matcher("a name", "é")],
    "a=": [Matcher("a", "")],
    "{}": [],
    "": [],
}


@pytest.mark.parametrize("text", READ)
def test_what_is_a_matcher(text: str) -> None:
    assert list(parse_matchers(text)) == READ[text]


@pytest.mark.parametrize("text", ["a", "a~b", "=b", "{a=b", "a=b}", "a=b c=d", 'a="b', 'a="\\q"', "a=~(", 'a="b" "c"', ",a=b"])
def test_what_is_none(text: str) -> None:
    with pytest.raises(ValueError, match=r"matcher|regular expression"):
        parse_matchers(text)


NAMES = st.text('abc_:1 é"\\', min_size=1)
VALUES = st.text(st.characters(exclude_categories=["Cs"]))


@given(st.lists(st.builds(Matcher, NAMES, VALUES, st.sampled_from([Op.EQUAL, Op.NOT_EQUAL])), max_size=3))
def test_what_is_written_is_read_again(matchers: list[Matcher]) -> None:
    assert list(parse_matchers("{" + ",".join(str(one) for one in matchers) + "}")) == matchers


@given(st.text())
def test_any_text_is_matchers_or_a_value_error(text: str) -> None:
    with suppress(ValueError):
        parse_matchers(text)


@pytest.mark.parametrize(
    ("op", "value", "given_value", "expected"),
    [
        (Op.EQUAL, "a", "a", True), (Op.EQUAL, "", None, True), (Op.NOT_EQUAL, "a", None, True), (Op.NOT_EQUAL, "a", "a", False),
        (Op.REGEX, "a|b", "b", True), (Op.REGEX, "a", "ab", False), (Op.REGEX, ".*", None, True), (Op.REGEX, "a.b", "a\nb", True),
        (Op.NOT_REGEX, "a.*", "b", True), (Op.NOT_REGEX, ".+", None, True), (Op.REGEX, "(?i)A", "a", True),
    ],
)  # fmt: skip
def test_a_label_that_is_not_there_is_empty_and_patterns_match_whole_values(
    op: Op, value: str, given_value: str | None, expected: bool
) -> None:
    labels = {} if given_value is None else {"x": given_value}
    assert make_matcher("x", op, value).matches(labels) is expected
    assert matches_all([], labels)


def test_a_pattern_that_would_take_forever_elsewhere_takes_no_time() -> None:
    assert not make_matcher("x", Op.REGEX, "(a+)+b").matches({"x": "a" * 5000})
