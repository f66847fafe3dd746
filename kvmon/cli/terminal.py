"""The terminal as it is: whether it wants colours, what it can show, and what must not reach it."""

from __future__ import annotations

import codecs
import os
import sys
import unicodedata

PLAIN = {
    "✓": "+", "✗": "x", "→": "->", "\N{EN DASH}": "-", "\N{EM DASH}": "-", "…": "...", "±": "+-", "µ": "u", "≥": ">=", "≤": "<=",
    "─": "-", "│": "|",    "\N{NARROW NO-BREAK SPACE}": " ", "\N{NO-BREAK SPACE}": " ",
}  # fmt: skip
"""What stands for a character where the locale has none."""


def prepare() -> None:
    """From here on a locale without Unicode costs a few characters and not the command."""
    codecs.register_error("kvmon", _plain)
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None and not shows("✓", stream.encoding):
            reconfigure(errors="kvmon")


def _plain(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(PLAIN.get(char, "?") for char in error.object[error.start : error.end]), error.end


def shows(text: str, encoding: str | None) -> bool:
    """Whether an encoding has these characters."""
    try:
        text.encode(encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def colourless() -> bool:
    """Whether somebody said so: NO_COLOR (no-color.org), or a terminal that can do nothing."""
    return bool(os.environ.get("NO_COLOR")) or dumb()


def dumb() -> bool:
    """Whether the terminal only takes lines, one below the other."""
    return os.environ.get("TERM") == "dumb"


def clean(text: str) -> str:
    """Text of a server or a client without what moves the cursor: control characters are shown as `?`."""
    return "".join("?" if unicodedata.category(char) in ("Cc", "Cf", "Cs") else char for char in text)
