"""Go's fmt.Sprintf, for what templates hold."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

from kvmon.judge.templates.numbers import exponential, fixed, general
from kvmon.judge.templates.values import Value, text, type_name

_VERB = re.compile(r"%(?P<flags>[-+# 0]*)(?P<width>\*|\d+)?(?:\.(?P<precision>\*|\d*))?(?P<verb>.)?", re.DOTALL)


def sprintf(layout: str, arguments: Sequence[Value]) -> str:
    """Print the arguments; what does not fit stands in the text as Go writes it (`%!d(string=x)`)."""
    return _Printer(layout, arguments).run()


class _Printer:
    def __init__(self, layout: str, arguments: Sequence[Value]) -> None:
        self._layout = layout
        self._arguments = list(arguments)
        self._next = 0

    def run(self) -> str:
        printed = _VERB.sub(self._one, self._layout)
        left = self._arguments[self._next :]
        if left:
            printed += "%!(EXTRA " + ", ".join(f"{type_name(value)}={text(value, inside=True)}" for value in left) + ")"
        return printed

    def _one(self, found: re.Match[str]) -> str:
        verb = found["verb"]
        if verb is None:
            return "%!(NOVERB)"
        if verb == "%":
            return "%"
        width = self._number(found["width"])
        precision = self._number(found["precision"])
        if found["precision"] == "":
            precision = 0
        if self._next >= len(self._arguments):
            return f"%!{verb}(MISSING)"
        value = self._arguments[self._next]
        self._next += 1
        flags = set(found["flags"])
        return _padded(_verb(verb, value, flags, precision), width or 0, flags, number=_is_number(value))

    def _number(self, given: str | None) -> int | None:
        if given == "*":
            value = self._arguments[self._next] if self._next < len(self._arguments) else 0
            self._next += 1
            return value if isinstance(value, int) else 0
        return int(given) if given else None


def _is_number(value: Value) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _padded(printed: str, width: int, flags: set[str], *, number: bool) -> str:
    if "-" in flags:
        return printed.ljust(width)
    if "0" in flags and number and not printed.startswith(("NaN", "+Inf", "-Inf")):
        sign = printed[:1] if printed[:1] in ("+", "-", " ") else ""
        return sign + printed[len(sign) :].rjust(width - len(sign), "0")
    return printed.rjust(width)


def _verb(verb: str, value: Value, flags: set[str], precision: int | None) -> str:
    printed = None
    if verb == "T":
        return type_name(value)
    if verb == "v" and not isinstance(value, float):
        printed = text(value, inside=True)
    elif isinstance(value, bool):
        printed = text(value) if verb == "t" else None
    elif isinstance(value, float):
        printed = _float(verb, value, precision)
    elif isinstance(value, int):
        printed = _integer(verb, value, flags)
    elif isinstance(value, str):
        printed = _string(verb, value, precision)
    elif verb == "s":
        printed = text(value, inside=True)
    if printed is None:
        return f"%!{verb}({type_name(value)}={text(value, inside=True)})"
    if _is_number(value) and verb not in "qcU":
        return _signed(printed, flags)
    return printed


def _signed(printed: str, flags: set[str]) -> str:
    if "+" in flags:
        return printed if printed.startswith(("+", "-")) else f"+{printed}"
    printed = printed.removeprefix("+") if not printed.startswith("+Inf") else printed
    return f" {printed}" if " " in flags and not printed.startswith(("-", "+")) else printed


def _float(verb: str, value: float, precision: int | None) -> str | None:
    match verb:
        case "v" | "g":
            return general(value, -1 if precision is None else precision)
        case "G":
            return general(value, -1 if precision is None else precision).replace("e", "E")
        case "f" | "F":
            return fixed(value, 6 if precision is None else precision)
        case "e":
            return exponential(value, 6 if precision is None else precision)
        case "E":
            return exponential(value, 6 if precision is None else precision).replace("e", "E")
    return None


def _integer(verb: str, value: int, flags: set[str]) -> str | None:
    mark = "#" if "#" in flags else ""
    match verb:
        case "d":
            return str(value)
        case "b" | "o" | "x" | "X":
            return f"{value:{mark}{verb}}"
        case "c":
            return chr(value)
        case "q":
            return f"'{chr(value)}'"
        case "U":
            return f"U+{value:04X}"
    return None


def _string(verb: str, value: str, precision: int | None) -> str | None:
    match verb:
        case "s":
            return value if precision is None else value[:precision]
        case "q":
            return quoted(value)
        case "x":
            return value.encode().hex()
        case "X":
            return value.encode().hex().upper()
    return None


def quoted(value: str) -> str:
    """strconv.Quote."""
    return json.dumps(value, ensure_ascii=False)
