"""Lua patterns, in which redis_exporter's key groups are written, as expressions of RE2."""

from __future__ import annotations

from kvmon.watch.patterns.glob import compiled

_CLASSES = {
    "a": "A-Za-z", "c": "\\x00-\\x1f\\x7f", "d": "0-9", "g": "\\x21-\\x7e", "l": "a-z",
    "p": "\\x21-\\x2f\\x3a-\\x40\\x5b-\\x60\\x7b-\\x7e",
    "s": "\\x09-\\x0d\\x20", "u": "A-Z", "w": "0-9A-Za-z", "x": "0-9A-Fa-f", "z": "\\x00",
}  # fmt: skip
_REPEATS = {"*": "*", "+": "+", "?": "?", "-": "*?"}


def check(pattern: str) -> str:
    """The pattern itself. Raises ValueError for what is no Lua pattern, or is one that no regular expression can say."""
    compiled(translated(pattern))
    return pattern


def translated(pattern: str) -> bytes:
    """The expression, to be searched for. Raises ValueError."""
    return _Reader(pattern.encode("utf-8", "surrogateescape").decode("latin-1")).read()


class _Reader:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def read(self) -> bytes:
        out, depth = ["(?s)"], 0
        if self._text.startswith("^"):
            out.append("\\A")
            self._at = 1
        while self._at < len(self._text):
            char = self._text[self._at]
            if char == "(":
                if self._text.startswith("()", self._at):
                    raise ValueError(f"{self._text!r}: a capture of a position, `()`, is not supported")
                depth += 1
                out.append("(")
            elif char == ")":
                depth -= 1
                if depth < 0:
                    raise ValueError(f"{self._text!r}: a `)` without its `(`")
                out.append(")")
            elif char == "$" and self._at + 1 == len(self._text):
                out.append("\\z")
            else:
                out.append(self._one())
                continue
            self._at += 1
        if depth:
            raise ValueError(f"{self._text!r}: a `(` without its `)`")
        return "".join(out).encode("latin-1")

    def _one(self) -> str:
        """A class of characters, and how often it may stand there."""
        char = self._text[self._at]
        self._at += 1
        if char == ".":
            single = "."
        elif char == "%":
            single = f"[{self._escaped()}]"
        elif char == "[":
            single = self._set()
        else:
            single = _literal(char)
        repeat = _REPEATS.get(self._text[self._at : self._at + 1], "")
        self._at += bool(repeat)
        return single + repeat

    def _escaped(self) -> str:
        """The inside of a set for what follows a `%`."""
        if self._at >= len(self._text):
            raise ValueError(f"{self._text!r}: it ends with `%`")
        char = self._text[self._at]
        self._at += 1
        if char in "bf" or char.isdigit():
            raise ValueError(f"{self._text!r}: `%{char}` is not supported: use a regular expression")
        members = _CLASSES.get(char.lower())
        if members is None:
            return _literal(char)
        return members if char.islower() else _others(members)

    def _set(self) -> str:
        start = self._at
        negated = self._text.startswith("^", self._at)
        self._at += negated
        members, first = [], True
        while first or not self._text.startswith("]", self._at):
            first = False
            if self._at >= len(self._text):
                raise ValueError(f"{self._text!r}: a `[` at {start} without its `]`")
            char = self._text[self._at]
            self._at += 1
            if char == "%":
                members.append(self._escaped())
            elif self._text.startswith("-", self._at) and self._text[self._at + 1 : self._at + 2] not in ("", "]"):
                high = self._text[self._at + 1]
                self._at += 2
                if char <= high:
                    members.append(f"{_literal(char)}-{_literal(high)}")
            else:
                members.append(_literal(char))
        self._at += 1
        return f"[{'^' * negated}{''.join(members)}]" if members else ("." if negated else "[^\\x00-\\xff]")


def _others(members: str) -> str:
    """The complement of a class, written out: inside a set it cannot be negated."""
    inside = compiled(f"[{members}]".encode("latin-1"))
    return "".join(_literal(chr(byte)) for byte in range(256) if not inside.fullmatch(bytes([byte])))


def _literal(char: str) -> str:
    return f"\\x{ord(char):02x}"
