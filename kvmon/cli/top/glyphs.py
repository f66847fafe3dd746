"""Lines, bars and cells of characters, with or without Unicode. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size

from kvmon.cli.terminal import shows
from kvmon.tell.server.pages.texts import DASH, TEXTS, THIN


@dataclass(frozen=True, slots=True)
class Glyphs:
    """The characters of a terminal; `steps` from the lowest value to the highest."""

    steps: str
    rule: str
    cursor: str
    more: str


UNICODE = Glyphs("▁▂▃▄▅▆▇█", "─", "▸", "…")
ASCII = Glyphs("_.:-=+*#", "-", ">", "~")


@dataclass(frozen=True, slots=True)
class Canvas:
    """A screen in cells, what it can show, and the wall seconds that ages are counted to."""

    width: int
    height: int
    glyphs: Glyphs
    now: float


def glyphs_of(encoding: str | None) -> Glyphs:
    """Those that an encoding has."""
    return UNICODE if shows(UNICODE.steps + UNICODE.rule + UNICODE.cursor + UNICODE.more, encoding) else ASCII


def spark(values: Sequence[float | None], width: int, glyphs: Glyphs, *, most: float | None = None) -> str:
    """The newest values in so many cells, from 0 to `most` or the highest of them; a hole is a space."""
    shown = list(values[-width:])
    top = most or max((value for value in shown if value is not None), default=0.0) or 1.0
    last = len(glyphs.steps) - 1
    cells = (
        " " if value is None else glyphs.steps[round(last * min(1.0, max(0.0, value / top)))]
        for value in shown
    )  # fmt: skip
    return "".join(cells).rjust(width)


def fit(text: str, width: int, glyphs: Glyphs, *, right: bool = False) -> str:
    """A cell of exactly this width; what is too long ends with a mark."""
    length = cell_len(text)
    if length > width:
        return set_cell_size(text, max(0, width - 1)) + glyphs.more if width > 0 else ""
    return " " * (width - length) + text if right else text + " " * (width - length)


def said(value: float | None, unit: str) -> str:
    """A value with its unit (a word of texts.TEXTS), `-` where it is not known."""
    return TEXTS[unit](value).replace(THIN, " ").replace(DASH, "-")
