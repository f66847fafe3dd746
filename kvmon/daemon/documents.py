"""Documents that name targets, as they are now: the last good content counts. Files are looked at."""

from __future__ import annotations

import asyncio
import glob
import os
from collections.abc import Callable, Iterable
from time import monotonic
from typing import NoReturn

import structlog

from kvmon.config.discovery.documents import Group, parse
from kvmon.config.files import read_text
from kvmon.daemon.reloading import Look, look_at

log = structlog.get_logger("kvmon")

EVERY = 1.0
"""Seconds between looks at files."""

PATIENCE = 5.0
"""Seconds after which a file is read although it goes on to change."""


class Shelf:
    """The groups of each document. `changed` is called when some are others than before."""

    def __init__(self, changed: Callable[[], None], wall: Callable[[], float]) -> None:
        self.failures: dict[str, int] = {}
        self.success: dict[str, float] = {}
        self._changed = changed
        self._wall = wall
        self._groups: dict[str, tuple[Group, ...]] = {}
        self._told: dict[str, str] = {}

    @property
    def groups(self) -> Iterable[Group]:
        """Of all documents, in the order of their names."""
        return (group for name in sorted(self._groups) for group in self._groups[name])

    def put(self, name: str, groups: tuple[Group, ...]) -> None:
        """What the document holds now."""
        self.success[name] = self._wall()
        if self._told.pop(name, None):
            log.info("a document that names targets can be read again", document=name)
        if self._groups.get(name) != groups:
            self._groups[name] = groups
            self._changed()

    def fail(self, name: str, why: str) -> None:
        """It could not be read: what it held stays."""
        self.failures[name] = self.failures.get(name, 0) + 1
        if self._told.get(name) != why:
            self._told[name] = why
            log.warning("a document that names targets cannot be read, what it named stays", document=name, why=why)

    def retain(self, names: Iterable[str]) -> None:
        """There are no documents but these."""
        kept = set(names)
        for name in {*self._groups, *self.failures, *self.success} - kept:
            self.drop(name)

    def drop(self, name: str) -> None:
        """There is no such document any more."""
        self._told.pop(name, None)
        self.failures.pop(name, None)
        self.success.pop(name, None)
        if self._groups.pop(name, ()):
            self._changed()


class Files:
    """Files by patterns."""

    def __init__(self, patterns: tuple[str, ...], shelf: Shelf) -> None:
        self._patterns = patterns
        self._shelf = shelf
        self._read: Look = {}

    def read(self, *, now: Look | None = None) -> Iterable[str]:
        """Read what is another than when it was read last; the names of all."""
        look = self._look() if now is None else now
        for path in self._read.keys() - look.keys():
            self._shelf.drop(path)
        for path, stamp in look.items():
            if self._read.get(path) == stamp and path in self._read:
                continue
            try:
                self._shelf.put(path, parse(read_text(path), yaml_too=not path.endswith(".json")))
            except ValueError as error:
                self._shelf.fail(path, str(error))
        self._read = look
        return look

    async def watch(self) -> NoReturn:
        """Look for ever. A file is read once it stays the same for a look: what writes it may take some time."""
        last, since = self._look(), monotonic()
        while True:
            await asyncio.sleep(EVERY)
            now = self._look()
            if now == self._read:
                since = monotonic()
            elif now == last or monotonic() - since > PATIENCE:
                self.read(now=now)
                since = monotonic()
            last = now

    def _look(self) -> Look:
        return look_at(sorted(path for pattern in self._patterns for path in _matching(pattern)))


def _matching(pattern: str) -> list[str]:
    if "*" in pattern:
        folder, _, last = pattern.rpartition("/")
        return glob.glob(f"{glob.escape(folder)}/{last}" if folder else last)  # noqa: PTH207 - a Path would drop `./`
    return [pattern] if os.path.exists(pattern) else []  # noqa: PTH110 - a Path raises where a folder may not be entered
