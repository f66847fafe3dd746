"""Move from one server to another without a pause: write to both, read from one and fall back to the other.

Breakers decide which one is asked, so a server that is gone costs no timeouts. MIGRATE_FROM and MIGRATE_TO are values of
REDIS_TYPE; MIGRATE_READ (`from` or `to`) is switched when `kvmon migrate` finds no more differences.
"""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass

import redis
from backend import Connection, backend, connect
from kvmon_client import BreakerOpen, Client

UNAVAILABLE = (BreakerOpen, redis.RedisError)


@dataclass(frozen=True)
class Side:
    """One of the two servers, and kvmon's name for it."""

    target: str
    server: Connection


class Hybrid:
    """`first` is the one that counts: what it takes is done, what the second misses is repaired later."""

    def __init__(self, first: Side, second: Side, breakers: Client) -> None:
        self._first = first
        self._second = second
        self._breakers = breakers
        self._missed: set[str] = set()
        self._lock = threading.Lock()

    @property
    def missed(self) -> int:
        """Keys that the second has not as the first has them."""
        return len(self._missed)

    def get(self, key: str) -> str | None:
        """From the first; while it cannot be read, from the second. Raises the first's error where neither can."""
        try:
            return self._get(self._first, key)
        except UNAVAILABLE as error:
            with self._lock:
                if key in self._missed:
                    raise  # the second would answer with something old
            try:
                return self._get(self._second, key)
            except UNAVAILABLE:
                raise error from None

    def set(self, key: str, value: str, *, ttl: int | None = None) -> None:
        """Into both. Raises where the first does not take it."""
        with self._breakers.guard(self._first.target, "write", key=key):
            self._first.server.set(key, value, ex=ttl)
        try:
            with self._breakers.guard(self._second.target, "write", key=key):
                self._second.server.set(key, value, ex=ttl)
        except UNAVAILABLE:
            with self._lock:
                self._missed.add(key)

    def delete(self, key: str) -> None:
        """From both. Raises where the first does not do it."""
        with self._breakers.guard(self._first.target, "write", key=key):
            self._first.server.delete(key)
        try:
            with self._breakers.guard(self._second.target, "write", key=key):
                self._second.server.delete(key)
        except UNAVAILABLE:
            with self._lock:
                self._missed.add(key)

    def repair(self) -> int:
        """Give the second what it missed; how many keys are left."""
        with self._lock:
            missed = list(self._missed)
        for key in missed:
            with self._lock:
                self._missed.discard(key)  # one that is missed from here on is added again
            try:
                self._copy(key)
            except UNAVAILABLE:
                with self._lock:
                    self._missed.add(key)
        return self.missed

    def _copy(self, key: str) -> None:
        with self._breakers.guard(self._first.target, "read", key=key):
            pipe = self._first.server.pipeline(transaction=False)
            value, left = pipe.get(key).pttl(key).execute()
        with self._breakers.guard(self._second.target, "write", key=key):
            if value is None:
                self._second.server.delete(key)
            else:
                self._second.server.set(key, value, px=left if left > 0 else None)

    def _get(self, side: Side, key: str) -> str | None:
        with self._breakers.guard(side.target, "read", key=key):
            value: str | None = side.server.get(key)
            return value


def from_environment(breakers: Client) -> Hybrid:
    """As MIGRATE_FROM, MIGRATE_TO and MIGRATE_READ say."""
    old, new = (backend(os.environ[name]) for name in ("MIGRATE_FROM", "MIGRATE_TO"))
    sides = Side(old.target, connect(old)), Side(new.target, connect(new))
    return Hybrid(*(sides if os.environ.get("MIGRATE_READ", "from") == "from" else sides[::-1]), breakers)


def main() -> None:
    """Write once, read back from each."""
    with Client() as breakers:
        breakers.wait(2)
        hybrid = from_environment(breakers)
        hybrid.set("greeting", "hello", ttl=60)
        print(hybrid.get("greeting"), hybrid.missed)


if __name__ == "__main__":
    main()
