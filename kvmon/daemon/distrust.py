"""Watching ourselves: whether the event loop is late, the clock jumps, or our own network is gone."""

from __future__ import annotations

import asyncio

import structlog

from kvmon.clock import Clock
from kvmon.judge.breakers.tilt import Tilt
from kvmon.model.metrics.catalogue import breakers as rows
from kvmon.model.metrics.sample import Sample
from kvmon.model.targets.address import Address
from kvmon.watch.wire import stages

EVERY = 0.5
"""Seconds between looks."""

TIMEOUT = 0.8
"""Seconds that the control address has to take a connection."""

REASONS = ("lag", "clock", "network")

log = structlog.get_logger("kvmon")


class Distrust:
    """Tells a Tilt what it needs to know. `control` is an address that has nothing to do with the targets."""

    def __init__(self, *, clock: Clock) -> None:
        self.tilt = Tilt()
        self._clock = clock
        self._control: Address | None = None
        self._wanted = asyncio.Event()
        self._told = ""

    def take(self, control: Address | None, hosts: int) -> None:
        """Try this address from now on where several of so many hosts fail at once; None: believe them."""
        self._control = control
        self.tilt.hosts = hosts
        self.tilt.ask = self._wanted.set if control is not None else None

    def samples(self) -> list[Sample]:
        """Whether we distrust ourselves."""
        on = self.tilt.on(self._clock.monotonic())
        return [Sample(rows.TILT, float(on and self.tilt.reason == reason), (reason,)) for reason in REASONS]

    async def watch(self) -> None:
        """Look at the event loop and at the clocks, until cancelled."""
        before, wall = self._clock.monotonic(), self._clock.time()
        while True:
            await asyncio.sleep(EVERY)
            now, time = self._clock.monotonic(), self._clock.time()
            self.tilt.lagged(now - before - EVERY, now)
            self.tilt.jumped(time - wall - (now - before), now)
            before, wall = now, time
            self._tell(now)

    async def ask(self) -> None:
        """Try the control address whenever the tilt wants to know, until cancelled."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            control = self._control
            if control is None:
                continue
            try:
                await stages.reach(control.host, control.port, TIMEOUT)
            except OSError:
                self.tilt.controlled(ok=False, now=self._clock.monotonic())
            else:
                self.tilt.controlled(ok=True, now=self._clock.monotonic())
            self._tell(self._clock.monotonic())

    def _tell(self, now: float) -> None:
        reason = self.tilt.reason if self.tilt.on(now) else ""
        if reason != self._told:
            self._told = reason
            if reason:
                log.warning("kvmon distrusts itself: no breaker changes", reason=reason)
            else:
                log.info("kvmon trusts itself again")
