"""How often somebody has tried in vain to sign in, by address: guessing passwords gets slow, working clients do not notice."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from http import HTTPStatus
from math import ceil

from kvmon.tell.server.problems import Problem

ALLOWED = 10.0
"""Failures at once."""

EVERY = 6.0
"""Seconds until one more failure is forgiven."""

ADDRESSES = 4_096
"""Addresses that are remembered: the memory that strangers may take is bounded."""


class Attempts:
    """A leaky bucket of failures for each address. `now` gives seconds that only grow."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._levels: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def check(self, address: str) -> None:
        """Raises Problem 429, with Retry-After, where this address has failed too often."""
        over = self._level(address) - ALLOWED + 1.0
        if over > 0.0:
            after = str(max(1, ceil(over * EVERY)))
            raise Problem(HTTPStatus.TOO_MANY_REQUESTS, "Signing in has failed too often from here.", {"Retry-After": after})

    def failed(self, address: str) -> None:
        """One more failure."""
        self._levels[address] = (self._level(address) + 1.0, self._now())
        self._levels.move_to_end(address)
        if len(self._levels) > ADDRESSES:
            self._levels.popitem(last=False)

    def _level(self, address: str) -> float:
        level, since = self._levels.get(address, (0.0, 0.0))
        return max(0.0, level - (self._now() - since) / EVERY)
