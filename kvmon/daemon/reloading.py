"""Reading the configuration again when one of its files changes."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import NoReturn

EVERY = 5.0
"""Seconds between looks. A look is one stat a file: that costs less than any notification does, and it also sees what happens on
a network file system and behind the link of a mounted ConfigMap."""

Look = dict[str, tuple[int, int, int] | None]
"""Modification time, inode and size of each file; None for one that is not there."""


class FileWatch:
    """Calls `changed` with the path when one of `files()` is another than before; asks for the list anew at each look.

    A change is told once the files look the same twice: an editor, or a mounted secret, changes several things at once.
    """

    def __init__(
        self, files: Callable[[], Sequence[str]], changed: Callable[[str], Awaitable[None]], *, every: float = EVERY
    ) -> None:
        self._files = files
        self._changed = changed
        self._every = every

    async def run(self) -> NoReturn:
        """Watch until cancelled."""
        told = last = self._look()
        while True:
            await asyncio.sleep(self._every)
            now = self._look()
            if now == last and now != told:
                changed = next((name for name in now if name in told and now[name] != told[name]), None)
                if changed is not None:
                    await self._changed(changed)
                told = self._look()
            last = now

    def _look(self) -> Look:
        return look_at(self._files())


def look_at(files: Iterable[str]) -> Look:
    """How these look now."""
    return {name: _stat(name) for name in files}


def _stat(name: str) -> tuple[int, int, int] | None:
    try:
        found = os.stat(name)  # noqa: PTH116 - a path object would only be taken apart again
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size
