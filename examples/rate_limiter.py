"""A fixed window that cannot be raced: counting and the window's end are one step on the server.

The usual INCR, then EXPIRE if it was the first, leaves a counter without an end where a process dies in between: that user is
locked out for good. While writing is denied, each process counts for itself.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass

import redis
from backend import Connection, backend, connect
from kvmon_client import BreakerOpen, Client

COUNT = """
local count = redis.call('INCR', KEYS[1])
if count == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
return {count, redis.call('PTTL', KEYS[1])}
"""


@dataclass(frozen=True)
class Answer:
    """`retry_after` in seconds: until the window ends."""

    allowed: bool
    remaining: int
    retry_after: float


class RateLimiter:
    """`limit` calls of each user in `window` seconds."""

    def __init__(self, server: Connection, breakers: Client, target: str, *, limit: int, window: float) -> None:
        self._server = server
        self._breakers = breakers
        self._target = target
        self._limit = limit
        self._window = window
        self._here: dict[str, tuple[float, int]] = {}
        self._lock = threading.Lock()

    def take(self, user: str) -> Answer:
        """One call of this user."""
        key = f"rate:{user}"
        try:
            with self._breakers.guard(self._target, "write", key=key):
                count, left = self._server.eval(COUNT, 1, key, round(1000 * self._window))
        except (BreakerOpen, redis.RedisError):
            count, left = self._count_here(user)
        return Answer(count <= self._limit, max(0, self._limit - count), left / 1000)

    def _count_here(self, user: str) -> tuple[int, float]:
        now = time.monotonic()
        with self._lock:
            if len(self._here) > 10_000:
                self._here = {name: row for name, row in self._here.items() if row[0] > now}
            end, count = self._here.get(user, (0.0, 0))
            if end <= now:
                end, count = now + self._window, 0
            self._here[user] = (end, count + 1)
        return count + 1, 1000 * (end - now)


def main() -> None:
    """Three are allowed, the fourth is not."""
    here = backend()
    with Client() as breakers:
        breakers.wait(2)
        limiter = RateLimiter(connect(here), breakers, here.target, limit=3, window=60)
        for _ in range(4):
            print(limiter.take("alice").allowed)


if __name__ == "__main__":
    main()
