"""APScheduler's part in polling: one job that runs when the next node is due."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from apscheduler.events import EVENT_JOB_ERROR, JobExecutionEvent
from apscheduler.executors.debug import DebugExecutor
from apscheduler.job import Job
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger

from kvmon.clock import Clock

GRAIN = 0.02
"""Seconds: ticks are at least so far apart, as a tick costs about 0.1 ms however little there is to do."""

_IDLE = timedelta(hours=1)

Head = Callable[[], float | None]


class Calendar:
    """Calls `tick` whenever the monotonic time that `head` tells has come; `head` tells None while nothing is to be done.

    An error in `tick` goes to `on_bug`, as APScheduler would only log it.
    """

    def __init__(self, tick: Callable[[], None], *, head: Head, clock: Clock, on_bug: Callable[[BaseException], None]) -> None:
        self._trigger = _HeadTrigger(head, clock)
        self._tick = tick
        self._on_bug = on_bug
        self._job: Job | None = None
        # In its own call of the event loop, as a tick only starts tasks: one more task for it would cost as much as a poll.
        self._scheduler = AsyncIOScheduler(timezone=UTC, executors={"default": DebugExecutor()})

    def start(self) -> None:
        """Begin."""
        self._scheduler.add_listener(self._failed, EVENT_JOB_ERROR)
        self._job = self._scheduler.add_job(
            self._tick, self._trigger, id="poll tick", max_instances=1, coalesce=True, misfire_grace_time=None
        )
        self._scheduler.start()

    def stop(self) -> None:
        """End; nothing is called any more."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    def plan(self) -> None:
        """What `head` tells has changed by itself: look at it again."""
        if self._job is not None:
            self._job.modify(next_run_time=self._trigger.get_next_fire_time(None, datetime.now(UTC)))

    def _failed(self, event: JobExecutionEvent) -> None:
        self._on_bug(event.exception)


class _HeadTrigger(BaseTrigger):  # type: ignore[misc] # APScheduler has no types
    """Fires when the next node is due. Always in the future: a time that has come would be asked for again and again."""

    __slots__ = ("_clock", "_head")

    def __init__(self, head: Head, clock: Clock) -> None:
        self._head = head
        self._clock = clock

    def get_next_fire_time(self, previous_fire_time: datetime | None, now: datetime) -> datetime:
        """See APScheduler."""
        head = self._head()
        if head is None:
            return now + _IDLE
        # Told from now on, in wall time: that is what APScheduler compares with.
        wait = max(0.0 if previous_fire_time is None else GRAIN, head - self._clock.monotonic())
        return now + timedelta(seconds=wait)
