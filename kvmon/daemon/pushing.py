"""The push loop: what was polled goes to Datadog, in slices that delay nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn

import structlog

from kvmon.clock import Clock
from kvmon.model.alert import Notice
from kvmon.model.metrics.sample import Sample
from kvmon.model.snapshot import Snapshot

if TYPE_CHECKING:
    from kvmon.daemon.slow_log import SlowLog
    from kvmon.tell.sinks.datadog.options import DatadogOptions
    from kvmon.tell.sinks.datadog.sink import Sink

log = structlog.get_logger("kvmon")

PACE = 0.005
"""Seconds between slices over UDP, where a burst is lost in the kernel unseen."""


class PushLoop:
    """Pushes every interval, from the beginning of one push to that of the next; without options it waits for some."""

    def __init__(  # noqa: PLR0913 - what is made elsewhere is handed in, by name
        self,
        options: DatadogOptions | None,
        *,
        clock: Clock,
        snapshots: Callable[[], Sequence[Snapshot]],
        own: Callable[[], Sequence[Sample]],
        slow_log: SlowLog,
        state_dir: str | None = None,
    ) -> None:
        self._options = options
        self._clock = clock
        self._snapshots = snapshots
        self._own = own
        self._slow_log = slow_log
        self._state_dir = state_dir
        self._changed = asyncio.Event()
        self._sink: Sink | None = None

    def take(self, options: DatadogOptions | None) -> None:
        """Push like this from now on."""
        if options != self._options:
            self._options = options
            self._changed.set()

    def own_samples(self) -> list[Sample]:
        """What the daemon says about its pushing; nothing while it does not push."""
        return self._sink.samples() if self._sink is not None else []

    def notice(self, notices: Sequence[Notice]) -> None:
        """Alerts were told."""
        if self._sink is not None:
            self._sink.notice(notices)

    async def run(self) -> NoReturn:
        """Push until cancelled."""
        try:
            while True:
                self._changed.clear()
                self._slow_log.keep(for_a_push=self._options is not None)
                if self._options is not None:
                    await self._push_with(self._options)
                else:
                    await self._changed.wait()
        finally:
            await self._part()

    async def _push_with(self, options: DatadogOptions) -> None:
        """Push until the options change."""
        # Here, as what is not configured is not imported.
        from kvmon.tell.sinks.datadog.sink import Sink, outlet_of

        outlet = outlet_of(options, clock=self._clock, state_dir=self._state_dir)
        sink = self._sink = Sink(options, outlet, clock=self._clock)
        log.info("pushing to Datadog", to=options.api_url if options.agentless else options.dogstatsd)
        async with asyncio.TaskGroup() as group:
            delivery = group.create_task(outlet.run(), name="delivery to Datadog")
            await self._push(sink, options.interval)
            delivery.cancel()
        await self._part()

    async def _push(self, sink: Sink, interval: float) -> None:
        due = self._clock.monotonic()
        while not self._changed.is_set():
            for _ in sink.push(self._snapshots(), self._own(), self._slow_log.drain()):
                await asyncio.sleep(PACE if sink.outlet.paced else 0)
            await sink.outlet.end_push()
            self._slow_log.pushed()
            await self._slow_log.save()
            # Pushes that were missed, after a suspended machine, are not made up for.
            now = self._clock.monotonic()
            due = max(due + interval, now)
            with suppress(TimeoutError):
                async with asyncio.timeout(due - now):
                    await self._changed.wait()

    async def _part(self) -> None:
        sink, self._sink = self._sink, None
        if sink is not None:
            await sink.outlet.close()
