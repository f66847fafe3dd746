"""Replies read with their shape checked: a surprise is Malformed with the command's name, never a stray exception."""

from __future__ import annotations

from math import isfinite

from kvmon.model.conversation import Malformed, Reply, expect

_SMALLEST, _LARGEST = -(2**63), 2**63 - 1


def array(command: str, reply: Reply) -> list[Reply]:
    """A list as it came. Raises Unsupported for an error reply, Malformed for anything else."""
    found = expect(command, reply)
    if not isinstance(found, list):
        raise Malformed(f"{command}: a list was expected, a {type(found).__name__} came")
    return found


def integer(command: str, reply: Reply) -> int:
    """A whole number of 64 bits."""
    found = expect(command, reply)
    if isinstance(found, bool) or not isinstance(found, int) or not _SMALLEST <= found <= _LARGEST:
        raise Malformed(f"{command}: an integer was expected, a {type(found).__name__} came")
    return found


def text(command: str, reply: Reply) -> str:
    """A string; bytes that are no UTF-8 are replaced."""
    found = expect(command, reply)
    if isinstance(found, bytes):
        return found.decode("utf-8", "replace")
    if not isinstance(found, str):
        raise Malformed(f"{command}: a string was expected, a {type(found).__name__} came")
    return found


def number(reply: Reply) -> float | None:
    """A finite number, however it is written; None for anything else."""
    if isinstance(reply, bool) or not isinstance(reply, int | float | bytes | str):
        return None
    try:
        value = float(reply)
    except (ValueError, OverflowError):
        return None
    return value if isfinite(value) else None


def table(command: str, reply: Reply) -> dict[str, Reply]:
    """A flat list of names and values as a mapping; the last of equal names counts."""
    found = array(command, reply)
    if len(found) % 2:
        raise Malformed(f"{command}: names and values were expected, {len(found)} elements came")
    return {text(command, name): value for name, value in zip(found[::2], found[1::2], strict=True)}
