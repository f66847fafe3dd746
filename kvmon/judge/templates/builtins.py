"""The functions that every Go template has. ValueError says what Go says of a wrong argument, whatever is wrong with it."""

# ruff: noqa: TRY004 - see above

from __future__ import annotations

import html as markup
from collections.abc import Mapping, Sequence
from urllib.parse import quote_plus

from kvmon.judge.templates.printf import sprintf
from kvmon.judge.templates.values import Function, Struct, Value, text, true, type_name

LAZY = ("and", "or")


def _kind(value: Value) -> str:
    kind = type_name(value)
    return kind if kind in ("bool", "int", "float64", "string") else ""


def _eq(first: Value, *others: Value) -> bool:
    if not others:
        raise ValueError("missing argument for comparison")
    return any(_equal(first, other) for other in others)


def _equal(first: Value, second: Value) -> bool:
    if first is None or second is None:
        return first is second
    one, two = _kind(first), _kind(second)
    if not one or not two:
        raise ValueError("non-comparable type " + (type_name(first) if not one else type_name(second)))
    if one != two:
        raise ValueError(f"incompatible types for comparison: {one} and {two}")
    return bool(first == second)


def _less(first: Value, second: Value) -> bool:
    one, two = _kind(first), _kind(second)
    if not one or not two or one == "bool":
        raise ValueError("invalid type for comparison")
    if one != two:
        raise ValueError(f"incompatible types for comparison: {one} and {two}")
    return bool(first < second)


def _len(value: Value) -> int:
    if isinstance(value, str):
        return len(value.encode())
    if isinstance(value, (Mapping, Sequence)):
        return len(value)
    raise ValueError(f"len of type {type_name(value)}")


def _index(value: Value, *keys: Value) -> Value:
    for key in keys:
        if isinstance(value, Mapping):
            if not isinstance(key, str):
                raise ValueError(f"value has type {type_name(key)}; should be string")
            value = value.get(key, "")
        elif isinstance(value, Sequence):
            if not isinstance(key, int) or isinstance(key, bool):
                raise ValueError(f"cannot index slice/array with type {type_name(key)}")
            if not 0 <= key < len(value):
                raise ValueError(f"index out of range: {key}")
            value = ord(value[key]) if isinstance(value, str) else value[key]
        else:
            raise ValueError(f"can't index item of type {type_name(value)}")
    return value


def _slice(value: Value, *bounds: Value) -> Value:
    if isinstance(value, Struct) or not isinstance(value, Sequence):
        raise ValueError(f"can't slice item of type {type_name(value)}")
    start = int(bounds[0]) if bounds else 0
    end = int(bounds[1]) if len(bounds) > 1 else len(value)
    if not 0 <= start <= end <= len(value):
        raise ValueError(f"index out of range: {end}")
    return value[start:end]


_JS = {"\\": "\\\\", "'": "\\'", '"': '\\"', "<": "\\u003C", ">": "\\u003E", "&": "\\u0026", "=": "\\u003D"}


def _js(written: str) -> str:
    return "".join(_JS.get(char) or (f"\\u{ord(char):04X}" if char < " " else char) for char in written)


def _print(*values: Value) -> str:
    printed = ""
    for index, value in enumerate(values):
        # fmt.Sprint puts a space between two operands when neither is a string.
        if index and not isinstance(value, str) and not isinstance(values[index - 1], str):
            printed += " "
        printed += text(value, inside=True)
    return printed


BUILTINS: Mapping[str, Function] = {
    "and": Function(lambda *values: values[-1], ("any",), "any"),
    "or": Function(lambda *values: values[-1], ("any",), "any"),
    "not": Function(lambda value: not true(value), ("any",)),
    "len": Function(_len, ("any",)),
    "index": Function(_index, ("any",), "any"),
    "slice": Function(_slice, ("any",), "int"),
    "print": Function(_print, (), "any"),
    "println": Function(lambda *values: " ".join(text(value, inside=True) for value in values) + "\n", (), "any"),
    "printf": Function(lambda layout, *values: sprintf(layout, values), ("string",), "any"),
    "html": Function(
        lambda *values: markup.escape(_print(*values)).replace("&quot;", "&#34;").replace("&#x27;", "&#39;"), (), "any"
    ),
    "js": Function(lambda *values: _js(_print(*values)), (), "any"),
    "urlquery": Function(lambda *values: quote_plus(_print(*values), safe="~"), (), "any"),
    "eq": Function(_eq, ("any",), "any"),
    "ne": Function(lambda first, second: not _equal(first, second), ("any", "any")),
    "lt": Function(_less, ("any", "any")),
    "le": Function(lambda first, second: _less(first, second) or _equal(first, second), ("any", "any")),
    "gt": Function(lambda first, second: not (_less(first, second) or _equal(first, second)), ("any", "any")),
    "ge": Function(lambda first, second: not _less(first, second), ("any", "any")),
}
"""By name, with the types of their arguments."""
