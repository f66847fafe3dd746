"""Alertmanager's matchers: `severity=~"critical|page"`, `team!=web`, `{a="b", c!~".*"}`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any


class Op(StrEnum):
    """How a label's value is compared."""

    EQUAL = "="
    NOT_EQUAL = "!="
    REGEX = "=~"
    NOT_REGEX = "!~"


@dataclass(frozen=True, slots=True, order=True)
class Matcher:
    """One condition on a label; a label that is not there has the empty value. Regular expressions match the whole value."""

    name: str
    value: str
    op: Op = Op.EQUAL

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether a set of labels fulfils it."""
        given = labels.get(self.name, "")
        if self.op in (Op.EQUAL, Op.NOT_EQUAL):
            return (given == self.value) is (self.op is Op.EQUAL)
        return (compiled(self.value).fullmatch(given) is not None) is (self.op is Op.REGEX)

    def __str__(self) -> str:
        name = self.name if _BARE.fullmatch(self.name) else quoted(self.name)
        return f"{name}{self.op}{quoted(self.value)}"


def matches_all(matchers: Iterable[Matcher], labels: Mapping[str, str]) -> bool:
    """Whether a set of labels fulfils every one."""
    return all(matcher.matches(labels) for matcher in matchers)


def make_matcher(name: str, op: Op, value: str) -> Matcher:
    """Raises ValueError for a regular expression that is none."""
    if not name:
        raise ValueError("a matcher needs the name of a label")
    if op in (Op.REGEX, Op.NOT_REGEX):
        compiled(value)
    return Matcher(name, value, op)


def quoted(text: str) -> str:
    """As Go's strconv.Quote writes it, for what labels are made of."""
    return '"' + "".join(_ESCAPES.get(char, char) if char >= " " else _control(char) for char in text) + '"'


@lru_cache(maxsize=1024)
def compiled(text: str) -> Any:
    """A regular expression in Prometheus' syntax. Raises ValueError."""
    import re2

    try:
        return re2.compile(text, _options())
    except re2.error as error:
        problem = error.args[0].decode() if error.args and isinstance(error.args[0], bytes) else str(error)
        raise ValueError(f"{text!r} is no regular expression: {problem}") from None


@lru_cache(maxsize=1)
def _options() -> Any:
    import re2

    options = re2.Options()
    options.log_errors = False
    options.dot_nl = True
    return options


_BARE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_ESCAPES = {'"': '\\"', "\\": "\\\\"}
_NAMED = {"\n": "\\n", "\t": "\\t", "\r": "\\r", "\a": "\\a", "\b": "\\b", "\f": "\\f", "\v": "\\v"}
_UNESCAPED = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v", '"': '"', "\\": "\\"}
_STRING = r'"(?:[^"\\\n]|\\.)*"'
_WORD = r'[^\s{}!=~,\\"\'`]+'
_MATCHER = re.compile(rf"\s*({_STRING}|{_WORD})\s*(=~|!~|!=|=)\s*({_STRING}|{_WORD})?\s*")
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))", re.DOTALL)


def _control(char: str) -> str:
    return _NAMED.get(char) or f"\\x{ord(char):02x}"


def parse_matchers(text: str) -> tuple[Matcher, ...]:
    """One matcher or several with commas between, in braces or not. Raises ValueError."""
    rest = text.strip()
    if rest.startswith("{") != rest.endswith("}"):
        raise ValueError(f"bad matcher format: {text}: a brace has no partner")
    rest = rest.removeprefix("{").removesuffix("}").strip()
    found: list[Matcher] = []
    while rest:
        match = _MATCHER.match(rest)
        if match is None:
            raise ValueError(f"bad matcher format: {text}")
        name, op, value = match.groups()
        found.append(make_matcher(_plain(name), Op(op), _plain(value or "")))
        rest = rest[match.end() :]
        if rest and not rest.startswith(","):
            raise ValueError(f"bad matcher format: {text}")
        rest = rest[1:].strip()
    return tuple(found)


def _plain(text: str) -> str:
    """Of a word or a quoted string."""
    return _ESCAPE.sub(_unescaped, text[1:-1]) if text.startswith('"') else text


def _unescaped(match: re.Match[str]) -> str:
    two, four, eight, char = match.groups()
    code = two or four or eight
    if code:
        if int(code, 16) > 0x10FFFF:
            raise ValueError(f"bad matcher format: {match[0]} is no character")
        return chr(int(code, 16))
    if char not in _UNESCAPED:
        raise ValueError(f"bad matcher format: unknown escape {match[0]}")
    return _UNESCAPED[char]
