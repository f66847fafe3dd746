"""Polls one server back to back, from the commands to the rendered text: CPU milliseconds a poll, on standard output.

A process of its own: `python -m benchmarks.poll URL POLLS [PROBES]`, with so many hot probes between two polls. Where one waits
between polls, both sides find their caches cold; here, and in a loop of scrapes, they are warm.
"""

from __future__ import annotations

import asyncio
import sys
import time

from kvmon.clock import SystemClock
from kvmon.config.urls import read_url
from kvmon.model.targets.target import Probe, Target
from kvmon.tell.exposition.board import Board
from kvmon.tell.exposition.formats import Dialect
from kvmon.watch.collectors import Collectors
from kvmon.watch.poller import NodePoller
from kvmon.watch.probes.hot import HotProbe

INTERVAL = 15.0
"""Seconds that pass for the poller from one poll to the next: what is asked once a minute is asked in every fourth poll."""

WARM = 50
"""Polls that do not count."""


class Leaps(SystemClock):
    """A clock that can be put forward."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def monotonic(self) -> float:
        """See Clock."""
        return super().monotonic() + self.ahead

    def time(self) -> float:
        """See Clock."""
        return super().time() + self.ahead


async def cost(url: str, polls: int, probes: int) -> float:
    """CPU seconds of a poll and its probes, the average of so many."""
    clock, board = Leaps(), Board()
    node = Target("it", (read_url(url).address,), interval=INTERVAL).nodes[0]
    poller, probe = NodePoller(node, Collectors(), clock=clock), HotProbe(node, Probe(), clock=clock)
    begun = 0.0
    for number in range(WARM + polls):
        if number == WARM:
            begun = time.process_time()
        board.put(await poller.poll(clock.monotonic()))
        if not board.render(Dialect.CLASSIC).endswith(b"\n"):
            raise SystemExit("no text was rendered")
        for _ in range(probes):
            clock.ahead += INTERVAL / probes
            found = await probe.probe(write=probe.due(clock.monotonic()))
            if not all(evidence.ok for evidence in found):
                raise SystemExit(f"a probe failed: {found}")
        clock.ahead += 0 if probes else INTERVAL
    spent = time.process_time() - begun
    await poller.close()
    await probe.close()
    return spent / polls


if __name__ == "__main__":
    print(1000 * asyncio.run(cost(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]) if sys.argv[3:] else 0)))
