"""Whether a value may stand where a function wants one of some type. ValueError says what Go says, whatever is wrong."""

# ruff: noqa: TRY004 - see above

from __future__ import annotations

from collections.abc import Sequence

from kvmon.judge.templates.nodes import Constant, Node
from kvmon.judge.templates.values import Function, Struct, Value, type_name


def kinds(name: str, function: Function, count: int) -> list[str]:
    """The types of so many arguments. Raises ValueError with Go's text where it takes another number."""
    least = len(function.takes)
    if count < least or (count > least and function.rest is None):
        wants = f"at least {least}" if function.rest is not None else str(least)
        raise ValueError(f"wrong number of args for {name}: want {wants} got {count}")
    return [*function.takes, *[function.rest or "any"] * (count - least)]


def fitting(node: Node, value: Value, kind: str) -> Value:
    """The value of a node as an argument of this type. Raises ValueError with Go's text."""
    if kind == "any" or (kind == "string" and isinstance(value, str)):
        return value
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if kind == "float64" and (isinstance(value, float) or (number and isinstance(node, Constant))):
        return float(value)
    if kind == "int" and isinstance(value, int) and number:
        return value
    if kind == "vector" and isinstance(value, Sequence) and not isinstance(value, str):
        return value
    if kind == "sample" and isinstance(value, Struct):
        return value
    shown = {"vector": "template.queryResult", "sample": "*template.sample"}.get(kind, kind)
    if isinstance(node, Constant):
        raise ValueError(f"can't handle {node} for arg of type {shown}" if shown != kind else f"expected {shown}; found {node}")
    raise ValueError(f"wrong type for value; expected {shown}; got {type_name(value)}")
