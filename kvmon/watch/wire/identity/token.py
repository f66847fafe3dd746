"""A token, and who keeps one fresh."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from kvmon.clock import Clock
from kvmon.errors import Denied, TargetError

PATIENCE = 30.0
"""Seconds until an identity provider must have answered."""

EARLY = 300.0
"""Seconds before its end at which a token is replaced at the latest, if it lives so long."""

SHARE, JITTER = 0.7, 0.1
"""A token is replaced after this share of its life, give or take: not all daemons at once."""

YOUNG = 60.0
"""Seconds for which a token that was refused is not replaced: the refusal has another reason."""

FIRST, MOST = 1.0, 60.0
"""Seconds between tries after a failure: the first, and the most."""


@dataclass(frozen=True, slots=True)
class Token:
    """`value` is the password while it lasts, until the wall time `until`; `username` where it tells whose it is."""

    value: str = field(repr=False)
    until: float
    username: str | None = None


Fetch = Callable[[], Awaitable[Token]]


class TokenSource:
    """Keeps one token. `fetch` gets a new one and may raise anything; that is counted in `failures`.

    `token` is the latest, also where it has ended; None before the first.
    """

    def __init__(self, fetch: Fetch, *, clock: Clock) -> None:
        self.token: Token | None = None
        self.failures = 0
        self._fetch = fetch
        self._clock = clock
        self._task: asyncio.Task[Token] | None = None
        self._next = 0.0
        self._pause = FIRST
        self._since = 0.0
        self._error: TargetError | None = None

    async def get(self) -> Token:
        """A token that lasts. Raises Denied (auth) where none can be had: at once until it is time to try again."""
        token, now = self.token, self._clock.time()
        if token is not None and now < token.until:
            return token
        if self._error is not None and now < self._next:
            raise self._error
        return await self.refresh()

    async def another(self) -> Token:
        """A newer token where the latest was refused, unless it is quite new itself. Raises Denied (auth)."""
        young = self.token is not None and self._clock.time() - self._since < YOUNG
        return self.token if young and self.token is not None else await self.refresh()

    async def refresh(self) -> Token:
        """A new token; whoever asks at the same time shares it. Raises Denied (auth), and the old one stays."""
        loop = asyncio.get_running_loop()
        if self._task is None or self._task.done() or self._task.get_loop() is not loop:
            self._task = loop.create_task(self._renew())
        # Shielded: a poll that gives up must not take the token away from the others.
        return await asyncio.shield(self._task)

    @property
    def wait(self) -> float:
        """Seconds until it should be refreshed, or tried again after a failure."""
        return max(0.0, self._next - self._clock.time())

    async def _renew(self) -> Token:
        try:
            async with asyncio.timeout(PATIENCE):
                token = await self._fetch()
        except Exception as error:  # what an identity library raises is its own affair
            self.failures += 1
            self._next = self._clock.time() + self._pause * (1 + JITTER * random.random())  # noqa: S311 - no secret
            self._pause = min(MOST, self._pause * 2)
            self._error = _denied(error)
            raise self._error from error
        now = self._clock.time()
        life = max(0.0, token.until - now)
        share = SHARE + JITTER * (2 * random.random() - 1)  # noqa: S311 - no secret
        latest = life - EARLY if life > 2 * EARLY else life
        self.token, self._since, self._error = token, now, None
        self._pause, self._next = FIRST, now + min(share * life, latest)
        return token


def _denied(error: Exception) -> TargetError:
    if isinstance(error, TargetError):
        return error
    why = f"no answer within {PATIENCE:g} s" if isinstance(error, TimeoutError) else str(error).partition("\n")[0][:300]
    return Denied("auth", f"no token could be had ({type(error).__name__}: {why}): check the identity of this machine or pod")
