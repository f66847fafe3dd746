"""Numbers as Go writes them."""

from __future__ import annotations

import decimal
import math
import re
from decimal import Decimal

_UNDERSCORES = re.compile(r"(?<=[0-9a-fA-F])_(?=[0-9a-fA-F])")


def _special(value: float) -> str | None:
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return None


def general(value: float, precision: int = -1) -> str:
    """`%g` with this precision (significant digits); -1: the fewest digits that read back."""
    special = _special(value)
    if special is not None:
        return special
    if precision < 0:
        sign, digits, point = _digits(value)
        threshold = 6
    else:
        precision = precision or 1
        sign, digits, point = _rounded(value, precision)
        digits = digits.rstrip("0") or "0"
        threshold = precision
        if threshold > len(digits) >= point:
            threshold = len(digits)
    exponent = point - 1
    if digits == "0":
        return f"{sign}0"
    if exponent < -4 or exponent >= threshold:
        return sign + _exponential(digits, exponent)
    return sign + _plain(digits, point)


def scientific(value: float) -> str:
    """The fewest digits that read back, always with an exponent: `1e+00`."""
    special = _special(value)
    if special is not None:
        return special
    sign, digits, point = _digits(value)
    return sign + _exponential(digits, 0 if digits == "0" else point - 1)


def fixed(value: float, precision: int = 6) -> str:
    """`%f`."""
    return _special(value) or f"{value:.{precision}f}"


def exponential(value: float, precision: int = 6) -> str:
    """`%e`."""
    return _special(value) or f"{value:.{precision}e}"


def parse_float(text: str) -> float:
    """strconv.ParseFloat. Raises ValueError."""
    lowered = text.lower()
    if lowered.startswith(("0x", "+0x", "-0x")):
        if "p" not in lowered:
            raise ValueError(text)
        return float.fromhex(text)
    if not text or text != text.strip() or "_" in text or not text.isascii():
        raise ValueError(text)
    return float(text)


def parse_int(text: str) -> int:
    """An integer constant of Go, with its prefixes and underscores. Raises ValueError."""
    plain = _UNDERSCORES.sub("", text)
    body = plain.lstrip("+-")
    if len(body) > 1 and body[0] == "0" and body.isdigit():
        return int(plain, 8)
    return int(plain, 0)


def _digits(value: float) -> tuple[str, str, int]:
    """Sign, significant digits, and where the decimal point stands, counted from the first of them."""
    return _taken_apart(Decimal(repr(value)))


def _rounded(value: float, precision: int) -> tuple[str, str, int]:
    exact = Decimal(value)
    if exact == 0:
        return _taken_apart(exact)
    return _taken_apart(decimal.Context(prec=precision, rounding=decimal.ROUND_HALF_EVEN).create_decimal(exact))


def _taken_apart(number: Decimal) -> tuple[str, str, int]:
    sign, parts, exponent = number.as_tuple()
    assert isinstance(exponent, int)  # noqa: S101 - special values have been answered
    text = "".join(map(str, parts))
    stripped = text.lstrip("0")
    if not stripped:
        return ("-" if sign else ""), "0", 1
    return ("-" if sign else ""), (stripped.rstrip("0") or "0"), len(stripped) + exponent


def _plain(digits: str, point: int) -> str:
    if point <= 0:
        return "0." + "0" * -point + digits
    if point >= len(digits):
        return digits + "0" * (point - len(digits))
    return f"{digits[:point]}.{digits[point:]}"


def _exponential(digits: str, exponent: int) -> str:
    mantissa = digits[0] + (f".{digits[1:]}" if len(digits) > 1 else "")
    return f"{mantissa}e{'-' if exponent < 0 else '+'}{abs(exponent):02d}"
