"""The poll loop: APScheduler keeps the calendar, one tick starts the polls that are due, and none waits for another."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, NoReturn

from kvmon.clock import Clock
from kvmon.daemon.calendar import Calendar
from kvmon.daemon.roundsman import Round, Rounds
from kvmon.daemon.turnstile import Turnstile
from kvmon.model.metrics.catalogue import daemon as rows
from kvmon.model.metrics.sample import Sample
from kvmon.model.snapshot import Capability, Snapshot
from kvmon.model.targets.target import Node
from kvmon.watch.collectors import Collectors
from kvmon.watch.poller import Link, NodePoller

WATCH = 5.0
"""Seconds between looks at the event loop and at the calendar."""

Key = tuple[str, str]


class PollLoop:
    """Polls nodes on time. `on_snapshot` is given every snapshot, `on_forget` the key of a node that is no more.

    `connect` makes a connection of a node; None for real ones. `reads` gives the hits and misses of a node's probes so far,
    `remembered` what the collectors of a node that is new begin with, by name, `more` a snapshot with what was found otherwise.
    """

    def __init__(  # noqa: PLR0913 - what is made elsewhere is handed in, by name
        self,
        *,
        clock: Clock,
        on_snapshot: Callable[[Snapshot], object],
        on_forget: Callable[[Key], object] = lambda _: None,
        connect: Callable[[Node], Link] | None = None,
        reads: Callable[[Key], tuple[int, int]] = lambda _: (0, 0),
        remembered: Callable[[Key], Mapping[str, Any]] = lambda _: {},
        more: Callable[[Snapshot], Snapshot] = lambda snapshot: snapshot,
    ) -> None:
        self._more = more
        self._remembered = remembered
        self._reads = reads
        self._clock = clock
        self._on_snapshot = on_snapshot
        self._on_forget = on_forget
        self._connect = connect
        self._turnstile = Turnstile(clock)
        self._rounds = Rounds()
        self._calendar: Calendar | None = None
        self._polls: dict[Key, asyncio.Task[Snapshot]] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._lags: deque[float] = deque(maxlen=3)
        self._skipped = 0
        self.on_scrape = False
        """Polls are left to `poll_due`, as long as it is called: the schedule polls what it leaves alone for too long."""
        self._broken: asyncio.Future[BaseException] | None = None

    @property
    def lag(self) -> float:
        """Seconds: the longest that the event loop was late in the last 15."""
        return max(self._lags, default=0.0)

    def own_samples(self) -> list[Sample]:
        """What the daemon says about its polling."""
        return [
            Sample(rows.EVENT_LOOP_LAG, self.lag),
            Sample(rows.TASKS, len(asyncio.all_tasks())),
            Sample(rows.POLLS_SKIPPED, self._skipped),
            Sample(rows.POLLS_RUNNING, len(self._polls)),
            Sample(rows.NODES, len(self._rounds.by_key)),
        ]

    def memory(self, key: Key, collector: str) -> Any:
        """What a collector, by name, remembers of a node; None for one that is not polled, or not asked for that."""
        found = self._rounds.by_key.get(key)
        return found.poller.memory(collector) if found is not None else None

    def capabilities(self, node: Node) -> Sequence[Capability]:
        """What of the node can be asked, by collector; nothing for a node that is not polled."""
        found = self._rounds.by_key.get(node.key)
        return found.poller.capabilities() if found is not None else ()

    def apply(self, members: Iterable[tuple[Node, Collectors]]) -> None:
        """Poll these from now on. A node that is the same as before, with the same options, keeps its connection and its turn."""
        wanted = {node.key: (node, collectors) for node, collectors in members}
        for key, known in list(self._rounds.by_key.items()):
            if wanted.get(key) != (known.poller.node, known.poller.collectors):
                self._rounds.remove(key)
                self._retire(known)
                if key not in wanted:
                    self._on_forget(key)
        new = [pair for key, pair in wanted.items() if key not in self._rounds.by_key]
        now = self._clock.monotonic()
        for place, (node, collectors) in enumerate(new):
            poller = NodePoller(
                node, collectors, clock=self._clock, connect=self._connect, turn=self._turnstile.wait,
                reads=partial(self._reads, node.key), remembered=self._remembered(node.key),
            )  # fmt: skip
            self._rounds.add(poller, now=now, place=place, of=len(new))
        if self._calendar is not None:
            self._calendar.plan()

    async def poll_now(self, node: Node) -> Snapshot:
        """The snapshot of a poll made now, or of the one under way. Raises KeyError for a node that is not polled."""
        task = self._start(self._rounds.by_key[node.key], self._clock.monotonic())
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            if task.cancelled():  # not the one who asks, but the poll: a reload took the node away meanwhile
                raise KeyError(node.key) from None
            raise

    async def poll_due(self, targets: Collection[str] | None, *, within: float) -> None:
        """Poll the nodes of these targets (None: of all) that were not for half an interval, for at most `within` seconds.

        What takes longer goes on. Half an interval: whoever asks once an interval gets a poll each time, two of them one.
        """
        now = self._clock.monotonic()
        due = [
            self._start(known, now)
            for known in self._rounds.by_key.values()
            if (targets is None or known.poller.node.target.name in targets)
            and (known.poller.node.key in self._polls or now - known.polled >= known.interval / 2)
        ]
        if due:
            await asyncio.wait(due, timeout=within)

    async def run(self) -> NoReturn:
        """Poll until cancelled. A bug, wherever it happens in a poll, comes out here."""
        loop = asyncio.get_running_loop()
        self._broken = loop.create_future()
        self._calendar = Calendar(self._tick, head=lambda: self._rounds.head, clock=self._clock, on_bug=self._break)
        watch = loop.create_task(self._watch())
        watch.add_done_callback(self._check)
        try:
            self._calendar.start()
            raise await self._broken
        finally:
            self._calendar.stop()
            watch.cancel()
            await self.close()

    async def close(self) -> None:
        """End all polls and connections; may be called more than once."""
        for key, known in list(self._rounds.by_key.items()):
            self._rounds.remove(key)
            self._retire(known)
        while self._closing:
            await asyncio.gather(*self._closing, return_exceptions=True)

    def _tick(self) -> None:
        now = self._clock.monotonic()
        for known, due in self._rounds.due(now):
            if known.poller.node.key in self._polls:
                self._skipped += 1
            elif not (self.on_scrape and now - known.polled < 1.5 * known.interval):
                self._start(known, due)

    def _start(self, known: Round, due: float) -> asyncio.Task[Snapshot]:
        key = known.poller.node.key
        task = self._polls.get(key)
        if task is None:
            known.polled = self._clock.monotonic()
            task = self._polls[key] = asyncio.get_running_loop().create_task(self._poll(known, due))
            task.add_done_callback(self._check)
        return task

    async def _poll(self, known: Round, due: float) -> Snapshot:
        key = known.poller.node.key
        try:
            snapshot = self._more(await known.poller.poll(due))
            if self._rounds.by_key.get(key) is known:
                self._on_snapshot(snapshot)
            return snapshot
        finally:
            if self._polls.get(key) is asyncio.current_task():
                del self._polls[key]

    def _retire(self, known: Round) -> None:
        """End a node's poll and close its connection, without anybody waiting."""
        task = self._polls.pop(known.poller.node.key, None)
        closing = asyncio.get_running_loop().create_task(_close(known.poller, task))
        self._closing.add(closing)
        closing.add_done_callback(self._closing.discard)
        closing.add_done_callback(self._check)

    async def _watch(self) -> None:
        """See how late the event loop is, and wake the calendar where the wall clock was set back and it would oversleep."""
        while True:
            before = self._clock.monotonic()
            await asyncio.sleep(WATCH)
            now = self._clock.monotonic()
            self._lags.append(max(0.0, now - before - WATCH))
            head = self._rounds.head
            if self._calendar is not None and head is not None and head + WATCH < now:
                self._calendar.plan()

    def _check(self, task: asyncio.Task[Any]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._break(error)

    def _break(self, error: BaseException) -> None:
        if self._broken is not None and not self._broken.done():
            self._broken.set_result(error)


async def _close(poller: NodePoller, task: asyncio.Task[Snapshot] | None) -> None:
    if task is not None:
        task.cancel()
        # Its error, if it has one, was seen where it was started.
        with suppress(asyncio.CancelledError, Exception):
            await task
    await poller.close()
