"""Patterns of the server (`SCAN … MATCH`) as expressions of RE2, whose time is bounded by pattern and name alone."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

MAGIC = frozenset(b"?*[]^")
"""Bytes by which redis_exporter tells a pattern from a name."""

Matcher = Callable[[bytes], Any]
"""Something true for a name that matches."""


def is_pattern(text: bytes) -> bool:
    """Whether the text is more than one name."""
    return not MAGIC.isdisjoint(text)


@cache
def matcher(pattern: bytes) -> Matcher:
    """What tells whether a name matches, byte by byte as the server does."""
    if not set(pattern[:-1]) & set(b"?*[\\") and pattern.endswith(b"*"):
        prefix = pattern[:-1]
        return lambda name: name.startswith(prefix)
    found: Matcher = compiled(b"(?s)" + translated(pattern)).fullmatch
    return found


def compiled(expression: bytes) -> Any:
    """An expression of RE2 over bytes. Raises ValueError."""
    import re2  # here, as only scans need it

    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    options.log_errors = False
    try:
        return re2.compile(expression, options)
    except re2.error as error:
        told = error.args[0] if error.args else error
        raise ValueError(told.decode(errors="replace") if isinstance(told, bytes) else str(told)) from None


def translated(pattern: bytes) -> bytes:
    """The expression; what is odd (a set without an end, a range the wrong way) means what it means to the server."""
    out, at = bytearray(), 0
    while at < len(pattern):
        byte = pattern[at]
        if byte == 0x2A:  # *
            out += b".*"
        elif byte == 0x3F:  # ?
            out += b"."
        elif byte == 0x5B:  # [
            text, at = _set(pattern, at + 1)
            out += text
            continue
        else:
            if byte == 0x5C and at + 1 < len(pattern):  # a backslash
                at += 1
            out += _literal(pattern[at])
        at += 1
    return bytes(out)


def _set(pattern: bytes, at: int) -> tuple[bytes, int]:
    negated = pattern[at : at + 1] == b"^"
    at += negated
    members = bytearray()
    while at < len(pattern) and pattern[at] != 0x5D:
        if pattern[at] == 0x5C and at + 1 < len(pattern):
            members += _literal(pattern[at + 1])
            at += 2
        elif pattern[at + 1 : at + 2] == b"-" and at + 2 < len(pattern):
            low, high = sorted((pattern[at], pattern[at + 2]))
            members += _literal(low) + b"-" + _literal(high)
            at += 3
        else:
            members += _literal(pattern[at])
            at += 1
    if not members:
        return (b"." if negated else b"[^\\x00-\\xff]"), at + 1
    return b"[" + b"^" * negated + bytes(members) + b"]", at + 1


def _literal(byte: int) -> bytes:
    return b"\\x%02x" % byte
