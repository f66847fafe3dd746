"""A terminal with a glass: a command in a pseudo-terminal, and what a person would see there."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Mapping
from typing import Any, Self

import pyte

from tests.servers.daemon import INHERITED
from tests.servers.waiting import until

LATIN = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0", "PYTHONIOENCODING": "iso-8859-1"}
"""A locale that has `µ` and `±`, but no arrows and no marks."""


class Glass:
    """Runs `kvmon WORDS`. `raw` is all that it sent; the terminal's modes are compared when it has ended."""

    def __init__(
        self,
        *words: str,
        size: tuple[int, int] = (120, 30),
        environment: Mapping[str, str] | None = None,
        encoding: str = "utf-8",
    ) -> None:
        self.raw = b""
        self._encoding = encoding
        self._screen = pyte.Screen(*size)
        self._stream = pyte.Stream(self._screen)
        self._lock = threading.Lock()
        self._ours, theirs = pty.openpty()
        self._size(size)
        self._modes = termios.tcgetattr(theirs)
        self._theirs = theirs
        kept = {name: os.environ[name] for name in INHERITED if name in os.environ and name not in ("LANG", "LC_ALL")}
        surroundings = {**kept, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8", **(environment or {})}
        self.process = subprocess.Popen(
            [sys.executable, "-c", START, *words],
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            env=surroundings,
            start_new_session=True,
        )
        self._over = False
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(30)
        self._over = True
        self._reader.join(30)
        os.close(self._ours)
        os.close(self._theirs)

    @property
    def lines(self) -> list[str]:
        """What is to be seen."""
        with self._lock:
            return [line.rstrip() for line in self._screen.display]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def shows(self, *words: str) -> None:
        """Waits until all of these are to be seen."""
        until(lambda: all(word in self.text for word in words), what=f"{words} on the screen")

    def line(self, word: str) -> str:
        """The first line with this word."""
        return next(line for line in self.lines if word in line)

    def coloured(self) -> bool:
        """Whether a cell is drawn in a colour."""
        with self._lock:
            cells = [cell for row in self._screen.buffer.values() for cell in row.values()]
        return any(cell.fg != "default" or cell.bg != "default" for cell in cells)

    def type(self, keys: str) -> None:
        os.write(self._ours, keys.encode())

    def resize(self, columns: int, lines: int) -> None:
        with self._lock:
            self._screen.resize(lines, columns)
        self._size((columns, lines))
        self.process.send_signal(signal.SIGWINCH)

    def ended(self) -> int:
        """Waits for its end: the exit code. The terminal is then as it was."""
        code = self.process.wait(60)
        until(lambda: not select.select([self._ours], [], [], 0)[0], what="all is read")
        assert termios.tcgetattr(self._theirs) == self._modes, "the modes of the terminal are as before"
        last = {switch: self.raw.rfind(switch) for switch in (b"\x1b[?1049h", b"\x1b[?1049l", b"\x1b[?25l", b"\x1b[?25h")}
        assert last[b"\x1b[?1049l"] >= last[b"\x1b[?1049h"], "the other screen is left"
        assert last[b"\x1b[?25h"] >= last[b"\x1b[?25l"], "the cursor is back"
        return code

    def _size(self, size: tuple[int, int]) -> None:
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))

    def _read(self) -> None:
        while not self._over:
            if not select.select([self._ours], [], [], 0.05)[0]:
                continue
            try:
                data: Any = os.read(self._ours, 65_536)
            except OSError:
                return
            with self._lock:
                self.raw += data
                self._stream.feed(data.decode(self._encoding, errors="replace"))


START = """
import fcntl, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
sys.argv[0] = "kvmon"
from kvmon.cli import main
main()
"""
"""The pseudo-terminal is the one that controls the process: Ctrl-C that is typed reaches it."""
