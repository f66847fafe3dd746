"""`state_dir/window`: the recent history over a restart."""

from __future__ import annotations

import asyncio
import os
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from kvmon.judge.window.window import Window

log = structlog.get_logger("kvmon")

LEVEL = 1  # of compression: more takes far longer and saves little


async def keep(file: Path, window: Window) -> None:
    """Write it anew, beside the old one until it is whole. A disk that fails costs the next restart its memory, and no more."""
    beside = file.with_suffix(".new")
    try:
        with beside.open("wb") as out:
            press = zlib.compressobj(LEVEL)
            for piece in window.packed():
                # Compressing does not hold Python's lock: the loop goes on meanwhile.
                out.write(await asyncio.to_thread(press.compress, piece))
            out.write(press.flush())
        beside.replace(file)
    except OSError as error:
        log.warning("the recent history could not be kept", file=str(file), error=os.strerror(error.errno or 0))


def restore(file: Path, window: Window, now: int) -> None:
    """Begin with what was kept, if anything was."""
    try:
        window.restore(zlib.decompress(file.read_bytes()), now)
    except FileNotFoundError:
        return
    except (OSError, ValueError, KeyError, zlib.error) as error:
        log.warning("the recent history of before could not be read; it begins anew", file=str(file), error=str(error))
