"""Reading the configuration again when one of its files changes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from pathlib import Path
from typing import NoReturn

from watchfiles import awatch

SETTLED = 1000
"""Milliseconds of quiet after a change: an editor, or a mounted secret, changes several things at once."""


STEP = 500
"""Milliseconds between looks at what the kernel reported; the default of 50 would cost more than all polls of a target."""


class FileWatch:
    """Calls `changed` with the path when one of `files()` is another than before; asks for the list anew after each change.

    The folders are watched, not the files: an editor replaces a file, and a mounted ConfigMap swaps a link beside it.
    """

    def __init__(self, files: Callable[[], Sequence[str]], changed: Callable[[str], Awaitable[None]]) -> None:
        self._files = files
        self._changed = changed

    async def run(self) -> NoReturn:
        """Watch until cancelled."""
        while True:
            before = self._contents()
            folders = _folders(before)
            if not folders:
                await asyncio.Event().wait()
            async for _ in awatch(*folders, debounce=SETTLED, step=STEP, recursive=False, ignore_permission_denied=True):
                now = self._contents()
                changed = next((name for name in before if now.get(name) != before[name]), None)
                if changed is not None:
                    await self._changed(changed)
                    break

    def _contents(self) -> dict[str, bytes]:
        return {name: _read(name) for name in self._files()}


def _folders(names: Iterable[str]) -> set[str]:
    paths = [Path(name) for name in names]
    return {str(folder) for path in paths for folder in (path.parent, path.resolve().parent) if folder.is_dir()}


def _read(name: str) -> bytes:
    try:
        return Path(name).read_bytes()
    except OSError:
        return b""
