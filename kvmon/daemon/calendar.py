"""APScheduler's part in polling: one job that runs when the next node is due."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from apscheduler.executors.base import BaseExecutor
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
        self._job: Job | None = None
        self._scheduler = _Scheduler(timezone=UTC, executors={"default": _InPlace(on_bug)})

    def start(self) -> None:
        """Begin."""
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


class _Scheduler(AsyncIOScheduler):  # type: ignore[misc] # APScheduler has no types
    """Wakes up at once: its own way leads through the event loop's pipe for other threads, and nobody calls from one."""

    def wakeup(self) -> None:
        """See APScheduler."""
        self._stop_timer()
        self._start_timer(self._process_jobs())


class _InPlace(BaseExecutor):  # type: ignore[misc] # as above
    """Calls a job where it becomes due. A tick only starts tasks: a task or a thread for itself would cost as much as a poll."""

    def __init__(self, on_bug: Callable[[BaseException], None]) -> None:
        super().__init__()
        self._on_bug = on_bug

    def submit_job(self, job: Job, run_times: list[datetime]) -> None:
        """See APScheduler. Running jobs are not counted, as this one has ended when this returns."""
        self._do_submit_job(job, run_times)

    def _do_submit_job(self, job: Job, run_times: list[datetime]) -> None:
        del run_times
        try:
            job.func()
        except Exception as error:  # noqa: BLE001 - APScheduler would only log it
            self._on_bug(error)


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
