"""Changes of breakers, for all who follow them: kept once, whoever reads slowly is left behind and starts anew."""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from itertools import islice

from kvmon.model.evidence import Verdict
from kvmon.tell.server.documents import breaker, packed
from kvmon.tell.server.problems import Problem

KEPT = 1_024
"""Changes that can be caught up with. Followers share them, so a slow one costs no memory."""

FOLLOWERS = 4_000
"""Streams and waiting requests at most."""


class Feed:
    """Is told of changes by the board. `boot` is another after each start of the daemon, `index` is that of the last change."""

    def __init__(self, boot: str | None = None) -> None:
        self.boot = boot or secrets.token_hex(8)
        self.index = 0
        self.followers = 0
        self.closed = False
        self._floor = 0
        self._kept: deque[tuple[int, bytes]] = deque(maxlen=KEPT)
        self._news: asyncio.Future[None] | None = None

    def changed(self, verdict: Verdict) -> None:
        """One verdict is new or another than before."""
        self.index = verdict.index
        data = packed({"index": verdict.index, "breaker": breaker(verdict)})
        if len(self._kept) == KEPT:
            self._floor = self._kept[0][0]
        self._kept.append((self.index, self.event("change", data)))
        self._wake()

    def renewed(self, index: int) -> None:
        """One is no more: nobody can go on from before."""
        self.index = self._floor = index
        self._kept.clear()
        self._wake()

    def close(self) -> None:
        """Let all followers go."""
        self.closed = True
        self._wake()

    def event(self, name: str, data: bytes) -> bytes:
        """An event as it is sent, with the index as its id."""
        return b"event: %s\nid: %s-%d\ndata: %s\n\n" % (name.encode(), self.boot.encode(), self.index, data)

    def since(self, index: int) -> bytes | None:
        """The events after that index; None where some of them are kept no more."""
        if not self._floor <= index <= self.index:
            return None
        missed = self.index - index
        # An index is given to one change each, so they count back from the end.
        start = max(0, len(self._kept) - missed)
        return b"".join(text for at, text in islice(self._kept, start, None) if at > index)

    async def news(self, index: int, seconds: float) -> bool:
        """Wait until there is a change after that index, or so many seconds; whether there is one."""
        if self.index != index or self.closed:
            return True
        if self._news is None:
            self._news = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(seconds):
                await asyncio.shield(self._news)
        except TimeoutError:
            return False
        return True

    @contextmanager
    def follower(self) -> Iterator[None]:
        """As long as somebody follows. Raises Problem 503 where there are too many."""
        if self.followers >= FOLLOWERS:
            raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, f"{FOLLOWERS} follow already.", {"Retry-After": "5"})
        self.followers += 1
        try:
            yield
        finally:
            self.followers -= 1

    def _wake(self) -> None:
        news, self._news = self._news, None
        if news is not None and not news.done():
            news.set_result(None)
