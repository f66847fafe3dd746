"""APScheduler's part in polling: one job, moved to the time at which the next node is due."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

from apscheduler.events import EVENT_JOB_ERROR, JobExecutionEvent
from apscheduler.job import Job
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from kvmon.clock import Clock

GRAIN = 0.02
"""Seconds: ticks are at least so far apart, as a tick costs about 0.2 ms however little there is to do."""


class Calendar:
    """Calls `tick` at the planned time; an error in it goes to `on_bug`, as APScheduler would only log it."""

    def __init__(self, tick: Callable[[], Awaitable[None]], *, clock: Clock, on_bug: Callable[[BaseException], None]) -> None:
        self._tick = tick
        self._clock = clock
        self._on_bug = on_bug
        self._last = float("-inf")
        self._job: Job | None = None
        self._scheduler = AsyncIOScheduler(timezone=UTC)

    def start(self) -> None:
        """Begin; the first tick is at once."""
        self._scheduler.add_listener(self._failed, EVENT_JOB_ERROR)
        # The trigger is what remains when nothing is planned; every tick moves the job by itself.
        self._job = self._scheduler.add_job(
            self._run,
            IntervalTrigger(hours=1, timezone=UTC),
            next_run_time=self._wall(self._clock.monotonic()),
            id="poll tick",
            max_instances=1,
            coalesce=True,
            misfire_grace_time=None,
        )
        self._scheduler.start()

    def stop(self) -> None:
        """End; nothing is called any more."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    def plan(self, at: float) -> None:
        """Tick at this monotonic time, or as soon after as the grain allows."""
        if self._job is not None:
            self._job.modify(next_run_time=self._wall(max(at, self._last + GRAIN)))

    async def _run(self) -> None:
        self._last = self._clock.monotonic()
        await self._tick()

    def _wall(self, at: float) -> datetime:
        return datetime.fromtimestamp(self._clock.time() + at - self._clock.monotonic(), UTC)

    def _failed(self, event: JobExecutionEvent) -> None:
        self._on_bug(event.exception)
