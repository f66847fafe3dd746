"""A template's text as tokens."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from dataclasses import dataclass

from kvmon.judge.templates.errors import TemplateError


@dataclass(frozen=True, slots=True)
class Token:
    """A word of an action, or (`text`) what stands between actions. `spaced`: after white space; `at`: where, in characters."""

    kind: str
    value: str
    at: int
    spaced: bool = False


_TOKEN = re.compile(
    r"""(?P<number>[+-]?(?:0[xX][0-9a-fA-F_]+|\.?\d[\d_]*(?:\.[\d_]*)?(?:[eE][+-]?\d+)?))
    |(?P<field>\.[^\W\d]\w*)
    |(?P<variable>\$\w*)
    |(?P<word>[^\W\d]\w*)
    |(?P<string>"(?:[^"\\\n]|\\.)*")
    |(?P<raw>`[^`]*`)
    |(?P<char>'(?:[^'\\\n]|\\.)+')
    |(?P<declare>:=)
    |(?P<mark>[=|(),.])
    |(?P<other>[!-~])""",
    re.VERBOSE,
)
_SPACE = " \t\r\n"
_UNTERMINATED = {'"': "unterminated quoted string", "`": "unterminated raw quoted string", "'": "unterminated character constant"}


def place(name: str, text: str, at: int) -> str:
    """`template: NAME:LINE`."""
    return f"template: {name}:{text.count(chr(10), 0, at) + 1}"


def tokens(name: str, text: str) -> Iterator[Token]:
    """The tokens, `open` and `close` around each action. Raises TemplateError."""
    at = 0
    trim = False
    while True:
        start = text.find("{{", at)
        piece = text[at:] if start < 0 else text[at:start]
        if trim:
            piece = piece.lstrip(_SPACE)
        body = start + 2
        if start >= 0 and text.startswith("-", body) and text[body + 1 : body + 2] in tuple(_SPACE):
            piece = piece.rstrip(_SPACE)
            body += 2
        if piece:
            yield Token("text", piece, at)
        if start < 0:
            return
        if text.startswith("/*", body):
            at, trim = _comment(name, text, body)
            continue
        yield Token("open", "{{", start)
        at, trim = yield from _action(name, text, body)


def _comment(name: str, text: str, at: int) -> tuple[int, bool]:
    end = text.find("*/", at)
    if end < 0:
        raise TemplateError(f"{place(name, text, at)}: unclosed comment")
    rest = text[end + 2 :]
    if rest.startswith("}}"):
        return end + 4, False
    if rest[:1] in tuple(_SPACE) and rest[1:].startswith("-}}"):
        return end + 6, True
    raise TemplateError(f"{place(name, text, at)}: comment ends before closing delimiter")


def _action(name: str, text: str, at: int) -> Generator[Token, None, tuple[int, bool]]:
    """The tokens of one action; the return value is where it ends, and whether it trims what follows."""
    depth = 0
    spaced = False
    while True:
        if text.startswith("}}", at) or (spaced and text.startswith("-}}", at)):
            if depth:
                raise TemplateError(f"{place(name, text, at)}: unclosed left paren")
            trims = text[at] == "-"
            yield Token("close", "}}", at, spaced)
            return at + (3 if trims else 2), trims
        if at >= len(text):
            raise TemplateError(f"{place(name, text, len(text))}: unclosed action")
        if text[at] in _SPACE:
            at += 1
            spaced = True
            continue
        found = _TOKEN.match(text, at)
        if found is None or (text[at] in "\"`':" and found.lastgroup == "other"):
            raise TemplateError(f"{place(name, text, at)}: {_bad(text, at)}")
        kind = str(found.lastgroup)
        if kind == "number" and text[found.end() : found.end() + 1].isalnum():
            raise TemplateError(f'{place(name, text, at)}: bad number syntax: "{text[at : found.end() + 1]}"')
        value = found[0]
        depth += {"(": 1, ")": -1}.get(value, 0) if kind == "mark" else 0
        if depth < 0:
            raise TemplateError(f"{place(name, text, at)}: unexpected right paren")
        yield Token(kind, value, at, spaced)
        at = found.end()
        spaced = False


def _bad(text: str, at: int) -> str:
    char = text[at]
    if char in _UNTERMINATED:
        return _UNTERMINATED[char]
    if char == ":":
        return "expected :="
    return f"unrecognized character in action: U+{ord(char):04X} '{char}'"
