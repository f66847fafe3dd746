"""Load many values in pipelines, a chunk at a time, and wait while writing is denied instead of failing over and over."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable, Iterator

import redis
from backend import Connection, backend, connect
from kvmon_client import BreakerOpen, Client

Items = Iterable[tuple[str, str]]


class Bulk:
    """Writing a chunk again does no harm, so a chunk that failed is written again."""

    def __init__(self, server: Connection, breakers: Client, target: str, *, chunk: int = 500) -> None:
        self._server = server
        self._breakers = breakers
        self._target = target
        self._chunk = chunk

    def load(self, items: Items, *, within: float = 60.0, ttl: int | None = None) -> int:
        """How many were written. Raises the last error where a chunk did not go through in so many seconds."""
        written = 0
        for chunk in chunks(items, self._chunk):
            self._persist(chunk, time.monotonic() + within, ttl)
            written += len(chunk)
        return written

    def _persist(self, chunk: list[tuple[str, str]], end: float, ttl: int | None) -> None:
        while True:
            try:
                with self._breakers.guard(self._target, "write"):
                    pipe = self._server.pipeline(transaction=False)  # a cluster's is split by node
                    for key, value in chunk:
                        pipe.set(key, value, ex=ttl)
                    pipe.execute()
                    return
            except (BreakerOpen, redis.ConnectionError, redis.TimeoutError, redis.exceptions.ClusterError) as error:
                rest = min(max(getattr(error, "retry_after", 0.0), 0.1), 1.0)
                if time.monotonic() + rest > end:
                    raise
                time.sleep(rest)


def chunks(items: Items, size: int) -> Iterator[list[tuple[str, str]]]:
    """The items, so many at a time."""
    rest = iter(items)
    while chunk := list(itertools.islice(rest, size)):
        yield chunk


def main() -> None:
    """Load ten thousand."""
    here = backend()
    with Client() as breakers:
        breakers.wait(2)
        print(Bulk(connect(here), breakers, here.target).load(((f"bulk:{n}", str(n)) for n in range(10_000)), ttl=3_600))


if __name__ == "__main__":
    main()
