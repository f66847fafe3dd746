"""Documents that name targets, as they are now: files are looked at, URLs are asked; the last good content counts."""

from __future__ import annotations

import asyncio
import glob
import os
import ssl
from collections.abc import Callable, Iterable
from time import monotonic
from typing import NoReturn

import structlog

from kvmon.config.discovery.documents import Group, parse
from kvmon.config.discovery.options import HttpSource, shown_url
from kvmon.config.files import beside, read_text
from kvmon.daemon.reloading import Look, look_at

log = structlog.get_logger("kvmon")

EVERY = 1.0
"""Seconds between looks at files."""

PATIENCE = 5.0
"""Seconds after which a file is read although it goes on to change."""

LARGEST = 16 * 1024 * 1024
"""Bytes of an answer at most."""


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


async def ask_http(source: HttpSource, base: str, shelf: Shelf) -> NoReturn:
    """Ask the URL for ever."""
    name = shown_url(source.url)
    while True:
        try:
            shelf.put(name, parse(await _get(source, base)))
        except ValueError as error:
            shelf.fail(name, str(error))
        await asyncio.sleep(source.refresh_interval)


async def _get(source: HttpSource, base: str) -> str:
    """The body; raises ValueError with a sentence that holds no secret."""
    import aiohttp

    headers = {"Accept": "application/json", "X-Prometheus-Refresh-Interval-Seconds": f"{source.refresh_interval:g}"}
    token = source.token.get_secret_value() if source.token is not None else None
    if source.token_file is not None:
        token = read_text(beside(source.token_file, base)).strip()
    if token:
        headers["Authorization"] = f"Bearer {token}"
    timeout = aiohttp.ClientTimeout(total=source.timeout)
    try:
        trust = ssl.create_default_context(cafile=beside(source.ca, base)) if source.ca is not None else True
        async with (
            aiohttp.ClientSession(timeout=timeout, headers=headers) as session,
            # Not elsewhere: the token is for this host.
            session.get(source.url, ssl=trust, allow_redirects=False) as answer,
        ):
            if answer.status != 200:
                raise ValueError(f"the answer has status {answer.status}")
            body = bytearray()
            async for piece in answer.content.iter_chunked(1 << 16):
                body += piece
                if len(body) > LARGEST:
                    raise ValueError("the answer is larger than 16 MiB")
            return body.decode()
    except TimeoutError:
        raise ValueError(f"no answer within {source.timeout:g} s") from None
    except UnicodeDecodeError:
        raise ValueError("the answer is not UTF-8 text") from None
    except (aiohttp.ClientError, OSError) as error:
        raise ValueError(f"it cannot be asked: {type(error).__name__}") from None
