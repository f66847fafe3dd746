"""A first look at a query's text: what the parser must not be given, and where things are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from kvmon.errors import PromqlError

LONGEST = 65_536
"""Characters of a query."""

DEEPEST = 200
"""Operators, signs, ranges and nested parentheses of a query together: the most levels that its tree can have. The parser's own
stack ends at some thousand, and with it the process."""

OPERATORS = frozenset({"+", "-", "*", "/", "%", "^", "[", "==", "!=", ">", "<", ">=", "<=", "and", "or", "unless", "atan2"})

_TOKEN = re.compile(
    r"""(?P<comment>\#[^\n]*)
    |(?P<text>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`[^`]*`)
    |(?P<like>=~|!~)
    |(?P<compare>==|!=|>=|<=)
    |(?P<word>[A-Za-z_:][A-Za-z0-9_:]*)
    |(?P<number>[0-9][0-9A-Za-z_.]*)
    |(?P<space>\s+)
    |(?P<sign>.)""",
    re.VERBOSE | re.DOTALL,
)


class Token(NamedTuple):
    """A piece of the text; `at` is its place, counted from 0."""

    kind: str
    text: str
    at: int


def tokens(text: str) -> Iterator[Token]:
    """All pieces, in order. What they come to is up to the parser."""
    for found in _TOKEN.finditer(text):
        yield Token(found.lastgroup or "", found[0], found.start())


def guard(text: str) -> list[Token]:
    """The tokens of a text that may be given to the parser. Raises PromqlError for one that is too long or too deep."""
    if len(text) > LONGEST:
        raise PromqlError(f"the query has {len(text)} characters, and {LONGEST} are the most")
    found = list(tokens(text))
    depth = deepest = operators = 0
    for token in found:
        if token.kind == "sign":
            depth += (token.text in "([{") - (token.text in ")]}")
            deepest = max(deepest, depth)
        operators += token.text.lower() in OPERATORS
    if deepest + operators > DEEPEST:
        raise PromqlError(f"the query is nested too deeply: {DEEPEST} levels and operators are the most")
    for before, after in _neighbours(found):
        if before.text == "@" and after.text == "-":
            raise PromqlError("timestamp out of bounds for @ modifier: times before 1970 are not supported")
    return found


def _neighbours(found: list[Token]) -> Iterator[tuple[Token, Token]]:
    solid = [token for token in found if token.kind not in ("space", "comment")]
    yield from pairwise(solid)


def place(text: str, at: int) -> str:
    """Line and column of a place, both from 1: `1:6`."""
    return f"{text.count(chr(10), 0, at) + 1}:{at - text.rfind(chr(10), 0, at)}"
