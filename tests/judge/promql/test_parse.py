"""Whatever text comes, a query or an error comes out, and quickly."""

from __future__ import annotations

import gc
from contextlib import suppress
from weakref import ref

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvmon.errors import PromqlError
from kvmon.judge.promql import Matcher, Query, instant, parse
from kvmon.judge.promql.tree import Match, Selector
from tests.judge.promql.data import Memory
from tests.judge.promql.expressions import WRITTEN


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("(" * 20_000 + "up" + ")" * 20_000, "nested too deeply"),
        ("-" * 20_000 + "up", "nested too deeply"),
        ("up" + " " * 70_000, "characters"),
        ("up" + "+up" * 2_000, "nested too deeply"),
        ("2" + "^2" * 2_000, "nested too deeply"),
        ("up @ -5", "out of bounds"),
        (r'up{job=~"a\.b"}', "unknown escape sequence '.'"),
        (r'up{job="a\.b"}', "unknown escape sequence '.'"),
        ('up{job=~"("}', "error parsing regexp: missing )"),
        ('up{job=~"a++"}', "error parsing regexp"),
        ("info(up)", "info"),
        ("histogram_count(up)", "native histograms"),
        ("mad_over_time(up[5m])", "experimental"),
        ("limitk(1, up)", "experimental"),
        ('up{job="a" or job="b"}', "`or` between matchers"),
        ("up[5m", "brackets"),
        ("nosuch(up)", "nosuch"),
        ("1 == 2", "BOOL"),
    ],
)
def test_what_is_refused_says_why(text: str, said: str) -> None:
    with pytest.raises(PromqlError) as caught:
        parse(text)
    assert said in str(caught.value)
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    ("text", "pattern"),
    [('up{job=~"\\\\Qa.b\\\\E"}', r"\Qa.b\E"), ('up{job=~"a{{b"}', "a{{b"), (r"up{job=~`\d+`}", r"\d+"), ('up{job!~""}', "")],
)
def test_regular_expressions_are_those_of_re2(text: str, pattern: str) -> None:
    expr = parse(text).expr
    assert isinstance(expr, Selector)
    assert expr.matchers[1].value == pattern


def test_an_expression_of_many_terms_is_fine() -> None:
    assert parse("+".join(["up"] * 150)).expr


def test_a_selector_needs_one_matcher_that_does_not_match_the_empty_text() -> None:
    with pytest.raises(PromqlError, match="at least one non-empty matcher"):
        parse('{job=~".*"}')
    expr = parse('{job=~".+"}').expr
    assert isinstance(expr, Selector)
    assert expr.matchers == (Matcher("job", Match.LIKE, ".+"),)


@given(
    st.one_of(
        st.text(), st.lists(st.sampled_from([*WRITTEN, "(", ")", "[", "{", "}", '"', "`", "@", "-", " by ", ","])).map("".join)
    )
)
def test_any_text_is_a_query_or_an_error(text: str) -> None:
    with suppress(PromqlError):
        assert parse(text).text == text


def test_what_is_remembered_for_a_query_goes_with_it() -> None:
    query = Query("1 + 1", parse("1 + 1").expr)
    instant(query, Memory(()), 0)
    here = ref(query)
    assert here() is not None
    del query
    gc.collect()
    assert here() is None
