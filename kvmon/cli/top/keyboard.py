"""Keys, one by one, from a terminal that is put back as it was."""

from __future__ import annotations

import os
import termios
import tty
from collections.abc import Iterator
from contextlib import contextmanager

NAMES = {
    "\x1b[A": "up", "\x1bOA": "up", "\x1b[B": "down", "\x1bOB": "down", "\x1b[C": "right", "\x1bOC": "right",
    "\x1b[D": "left", "\x1bOD": "left", "\x1b[5~": "pageup", "\x1b[6~": "pagedown", "\x1b[H": "home", "\x1bOH": "home",
    "\x1b[1~": "home", "\x1b[F": "end", "\x1bOF": "end", "\x1b[4~": "end", "\r": "enter", "\n": "enter", "\x7f": "backspace",
    "\x08": "backspace", "\x1b": "escape", " ": " ",
}  # fmt: skip
"""What terminals send for keys that are no characters (xterm, in both cursor modes)."""


def keys_of(text: str) -> Iterator[str]:
    """The keys in what a terminal sent; sequences that are not known are passed over."""
    at = 0
    while at < len(text):
        end = _end(text, at)
        word = text[at:end]
        name = NAMES.get(word, word if len(word) == 1 and word.isprintable() else "")
        if name:
            yield name
        at = end


def _end(text: str, at: int) -> int:
    """Where the sequence that begins here ends."""
    if text[at] != "\x1b" or at + 1 == len(text) or text[at + 1] not in "[O":
        return at + 1
    end = at + 2
    while end < len(text) and not ("@" <= text[end] <= "~"):
        end += 1
    return min(len(text), end + 1)


@contextmanager
def keyboard(descriptor: int) -> Iterator[None]:
    """Keys come at once and unseen; Ctrl-C goes on to interrupt, Ctrl-Z does nothing: it would leave the screen as it is."""
    before = termios.tcgetattr(descriptor)
    try:
        tty.setcbreak(descriptor)
        now = termios.tcgetattr(descriptor)
        now[6][termios.VSUSP] = os.fpathconf(descriptor, "PC_VDISABLE").to_bytes(1, "big")
        termios.tcsetattr(descriptor, termios.TCSADRAIN, now)
        yield
    finally:
        termios.tcsetattr(descriptor, termios.TCSAFLUSH, before)
