"""Patterns mean what they mean to the server, and Lua patterns what they mean to Lua."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvmon.watch.patterns.glob import matcher
from kvmon.watch.patterns.lua import check
from kvmon.watch.scans.rules import UNCLASSIFIED, by_groups, by_prefix, shown
from tests.servers.server import Server

NAMES = st.binary(max_size=6) | st.text("ab-]^[\\*?", max_size=6).map(str.encode)
GLOBS = st.lists(
    st.sampled_from([b"a", b"b", b"*", b"?", b"[", b"]", b"[^", b"-", b"\\", b"[a-c]", b"[c-a]", b"[^ab]", b"\xff", b"\n"]),
    max_size=7,
).map(b"".join)
LUA = st.lists(
    st.sampled_from(
        [
            "a",
            "b",
            ":",
            ".",
            "%d",
            "%a",
            "%A",
            "%W",
            "%.",
            "(",
            ")",
            "*",
            "-",
            "+",
            "?",
            "^",
            "$",
            "[ab]",
            "[^a]",
            "[%d_]",
            "[a-c]",
        ]
    ),
    min_size=1,
    max_size=7,
).map("".join)


def test_globs_match_as_scan_does() -> None:
    with Server() as server, server.client() as client:

        @given(NAMES.filter(bool), GLOBS)
        def same(name: bytes, pattern: bytes) -> None:
            client.command("FLUSHALL")
            client.command("SET", name, "")
            _, found = client.command("SCAN", 0, "MATCH", pattern, "COUNT", 100)
            assert bool(matcher(pattern)(name)) == bool(found)

        same()


def test_lua_patterns_group_as_lua_does() -> None:
    script = (
        "local r = {string.find(KEYS[1], ARGV[1])} if r[1] == nil then return false end return table.concat({unpack(r, 3)}, '')"
    )
    with Server() as server, server.client() as client:

        @given(st.text("ab1:_.-Z", max_size=8), LUA)
        def same(name: str, pattern: str) -> None:
            try:
                check(pattern)
            except ValueError:
                return
            told = client.command("EVAL", script, 1, name, pattern)
            assert by_groups((pattern,), ())(name.encode()) == (UNCLASSIFIED if told is None else told)

        same()


@pytest.mark.parametrize("pattern", ["%f[%a]a", "%b()", "(a)%1", "()a", "a)", "(a", "[a", "a%"])
def test_what_no_expression_can_say_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        check(pattern)


def test_the_first_group_that_is_found_counts_and_regular_expressions_come_last() -> None:
    sort = by_groups(("^(%a+):%d+$",), (r"^(\w+)-(\w+)",))

    assert [sort(name) for name in (b"user:17", b"a-b", b"?")] == ["user", "ab", UNCLASSIFIED]


def test_prefixes_are_as_deep_as_asked() -> None:
    assert [by_prefix(1)(name) for name in (b"a:b:c", b"a:b", b"a")] == ["a:*", "a:*", "(no prefix)"]
    assert [by_prefix(2)(name) for name in (b"a:b:c", b"a:b", b"a")] == ["a:b:*", "a:*", "(no prefix)"]


@given(st.binary(max_size=2000))
def test_any_name_can_be_shown(name: bytes) -> None:
    text = shown(name)
    assert text.isprintable()
    assert len(text) < 1000
