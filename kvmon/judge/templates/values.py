"""Values inside templates: what is true, how they print, what Go calls their types."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kvmon.judge.templates.numbers import general

Value = Any
"""str, float, int, bool, None, Mapping, Sequence, Struct, datetime."""


@dataclass(frozen=True, slots=True)
class Struct:
    """A Go struct: exactly these fields. `name` is what Go calls its type."""

    name: str
    fields: Mapping[str, Value]


class Zero(dict[str, Value]):
    """A map whose missing keys are the empty string: map[string]string with missingkey=zero."""


class Methods:
    """A value with methods, whatever it is otherwise; a method comes before a key of the same name."""

    __slots__ = ()

    def method(self, name: str) -> Value:
        """What it gives, or a Function where it takes arguments. Raises KeyError for a name that is none."""
        raise KeyError(name)

    def text(self) -> str | None:
        """What it prints as; None: as what it is otherwise."""
        return None


@dataclass(frozen=True, slots=True)
class Function:
    """A function with Go's types of its arguments (string, float64, int, any, sample, vector); `rest`: of all further ones."""

    call: Callable[..., Value]
    takes: tuple[str, ...] = ()
    rest: str | None = None


def type_name(value: Value) -> str:  # noqa: PLR0911 - a table of types
    """What `%T` prints."""
    match value:
        case None:
            return "<nil>"
        case bool():
            return "bool"
        case int():
            return "int"
        case float():
            return "float64"
        case str():
            return "string"
        case Struct():
            return value.name
        case Zero():
            return "map[string]string"
        case Mapping():
            return "map[string]interface {}"
        case datetime():
            return "*time.Time"
    return "template.queryResult"


def true(value: Value) -> bool:
    """Whether `if` takes it: neither zero nor empty nor nil."""
    if isinstance(value, (Struct, datetime)):
        return True
    return bool(value)


def text(value: Value, *, inside: bool = False) -> str:  # noqa: PLR0911 - a table of types
    """`%v`; a nil is `<no value>`, and `<nil>` inside of something."""
    own = value.text() if isinstance(value, Methods) else None
    if own is not None:
        return own
    match value:
        case None:
            return "<nil>" if inside else "<no value>"
        case bool():
            return "true" if value else "false"
        case float():
            return general(value)
        case str():
            return value
        case Struct():
            return "{" + " ".join(text(part, inside=True) for part in value.fields.values()) + "}"
        case Mapping():
            return "map[" + " ".join(f"{key}:{text(value[key], inside=True)}" for key in sorted(value)) + "]"
        case datetime():
            return time_text(value)
        case Sequence():
            return "[" + " ".join(text(part, inside=True) for part in value) + "]"
    return str(value)


def time_text(value: datetime) -> str:
    """time.Time's own text."""
    fraction = f".{value.microsecond:06d}".rstrip("0") if value.microsecond else ""
    return f"{value.year:04d}{value:-%m-%d %H:%M:%S}{fraction} {value:%z %Z}"
