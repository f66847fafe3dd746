"""Values as people read them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from kvmon.options import format_duration

DASH = "\N{EN DASH}"
THIN = "\N{NARROW NO-BREAK SPACE}"
UNITS = ("B", "KiB", "MiB", "GiB", "TiB")
STEPS = ("", "k", "M", "G", "T")


def bytes_text(value: float | None) -> str:
    """1572864 as `1.5 MiB`; a dash for None."""
    return DASH if value is None else _scaled(value, 1024, UNITS)


def rate_text(value: float | None) -> str:
    """Bytes in a second: `1.5 MiB/s`; a dash for None."""
    return DASH if value is None else f"{bytes_text(value)}/s"


def ratio_text(value: float | None) -> str:
    """0.987 as `98.7 %`; a dash for None."""
    return DASH if value is None else f"{100 * value:.1f}{THIN}%"


def fine_text(value: float | None) -> str:
    """A share of which little matters: 0.00023 as `0.023 %`; a dash for None."""
    return DASH if value is None else f"{100 * value:.2g}{THIN}%"


def number_text(value: float | None) -> str:
    """12345 as `12 345`, with a narrow space; a dash for None."""
    return DASH if value is None else f"{value:,.0f}".replace(",", THIN)


def short_text(value: float | None) -> str:
    """12345 as `12.3k`, 0.42 as `0.4`; a dash for None."""
    if value is None:
        return DASH
    return _scaled(value, 1000, STEPS).replace(THIN, "") if abs(value) >= 1000 else f"{value:.1f}".removesuffix(".0")


def seconds_text(value: float | None) -> str:
    """A span with the unit that fits: `320 µs`, `12.3 ms`, `1.2 s`, `3m5s`; a dash for None."""
    if value is None:
        return DASH
    if value >= 60:
        return ago_text(value)
    for size, unit in ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if value >= size:
            return f"{value / size:.3g}{THIN}{unit}"
    return f"0{THIN}s" if value <= 0 else f"{value * 1e6:.1f}{THIN}µs" if value >= 1e-7 else f"<{THIN}0.1{THIN}µs"


def ago_text(seconds: float) -> str:
    """A duration in its two largest units, whole: `3d4h`."""
    whole = max(0, round(seconds))
    for unit in (86_400, 3600, 60):
        if whole >= unit * 24:
            whole -= whole % unit
            break
    return format_duration(float(whole))


def clock_text(at: float) -> str:
    """Wall seconds as `14:03:15`, UTC."""
    return datetime.fromtimestamp(at, UTC).strftime("%H:%M:%S")


def day_text(at: float) -> str:
    """Wall seconds as `2026-11-27 14:03`, UTC."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M")


TEXTS: dict[str, Callable[[float | None], str]] = {
    "bytes": bytes_text, "rate": rate_text, "ratio": ratio_text, "number": short_text, "seconds": seconds_text,
}  # fmt: skip
"""By the word for what is measured."""


def _scaled(value: float, step: int, units: tuple[str, ...]) -> str:
    for unit in units:
        if abs(value) < step or unit == units[-1]:
            return f"{value:.0f}{THIN}{unit}" if unit in ("B", "") else f"{value:.1f}{THIN}{unit}"
        value /= step
    return DASH
