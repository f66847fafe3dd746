"""The live screen: keys in, lines out, and a terminal that is afterwards as it was before."""

from __future__ import annotations

import os
import select
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from time import time
from types import FrameType

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from kvmon.cli.terminal import colourless
from kvmon.cli.top.detail import detail
from kvmon.cli.top.fleet import HELP, fleet, heading
from kvmon.cli.top.glyphs import Canvas, fit, glyphs_of
from kvmon.cli.top.keyboard import keyboard, keys_of
from kvmon.cli.top.rows import ordered
from kvmon.cli.top.source import Frame, Source
from kvmon.cli.top.state import State, press

LOOK = 1.0
"""Seconds after which ages are drawn anew although nothing has changed."""


def run(url: str, target: str | None, order: str, interval: float) -> None:
    """Until q, Ctrl-C or SIGTERM."""
    console = Console(no_color=colourless(), highlight=False, legacy_windows=False)
    glyphs = glyphs_of(console.encoding)
    state = State(opened=target, order=order)
    with _woken() as (wait, tell), keyboard(sys.stdin.fileno()):
        source = Source(url, interval, tell)
        source.show(target)
        source.start()
        with Live(console=console, screen=True, auto_refresh=False, redirect_stdout=False, redirect_stderr=False) as live:
            while not state.over:
                rows = ordered(source.frame.rows, state.order, backwards=state.backwards, query=state.query)
                canvas = Canvas(console.size.width, console.size.height, glyphs, time())
                live.update(Group(*draw(source.frame, state, canvas)), refresh=True)
                for key in wait():
                    state = press(state, key, [row.name for row in rows])
                source.show(state.opened)


def draw(frame: Frame, state: State, canvas: Canvas) -> list[Text]:
    """The lines of the screen."""
    width, height, glyphs = canvas.width, canvas.height, canvas.glyphs
    if state.helping:
        lines = [Text("Keys", "bold"), *(Text(f"  {keys:<16} {what}") for keys, what in HELP.items())]
    elif state.opened is not None:
        lines = [heading(frame, state, canvas)]
        if frame.detail is not None and frame.detail["name"] == state.opened:
            told = detail(frame.detail, canvas)
            lines += told[min(state.scroll, max(0, len(told) - height + 2)) :][: height - 2]
        lines += [Text("")] * (height - 1 - len(lines))
        lines.append(Text(fit("q quit, Esc back, up, down, PgUp, PgDn scroll", width, glyphs), "dim"))
    else:
        rows = ordered(frame.rows, state.order, backwards=state.backwards, query=state.query)
        return fleet(frame, rows, state, canvas)
    for line in lines:
        line.truncate(width, overflow="crop")
        line.no_wrap = True
    return lines[:height]


@contextmanager
def _woken() -> Iterator[tuple[Callable[[], list[str]], Callable[[], None]]]:
    """How to wait for keys, news or another size of the window; and how to tell of news from any thread."""
    inside, outside = os.pipe()
    os.set_blocking(inside, False)
    os.set_blocking(outside, False)

    def tell(*_: object) -> None:
        with suppress(BlockingIOError, OSError):
            os.write(outside, b".")

    def wait() -> list[str]:
        keys = sys.stdin.fileno()
        ready, _, _ = select.select([keys, inside], [], [], LOOK)
        if inside in ready:
            with suppress(BlockingIOError):
                os.read(inside, 4096)
        if keys not in ready:
            return []
        sent = os.read(keys, 4096)
        return list(keys_of(sent.decode(errors="replace"))) if sent else ["q"]  # nobody types any more

    def end(number: int, _: FrameType | None) -> None:
        sys.exit(128 + number)

    before = {number: signal.signal(number, act) for number, act in (
        (signal.SIGWINCH, tell), (signal.SIGTERM, end), (signal.SIGHUP, end),
    )}  # fmt: skip
    try:
        yield wait, tell
    finally:
        for number, act in before.items():
            signal.signal(number, act)
