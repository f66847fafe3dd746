"""The window's loop: what was polled, and what the daemon says of itself, becomes recent history."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import structlog

from kvmon.clock import Clock
from kvmon.daemon import window_file
from kvmon.judge.window.options import WindowOptions
from kvmon.model.metrics.catalogue import daemon as rows
from kvmon.model.metrics.sample import Sample
from kvmon.model.metrics.spec import Spec
from kvmon.model.snapshot import Snapshot

if TYPE_CHECKING:
    from kvmon.judge.promql.labels import Labels
    from kvmon.judge.promql.pace import Pace
    from kvmon.judge.window.window import Window

log = structlog.get_logger("kvmon")

UP = Spec("up", "Whether a scrape succeeded: in a window that is never scraped it always did.")

KEEP = 300.0
"""Seconds between writings of the window to `state_dir`."""

OWN, PROCESS = ("", "kvmon"), ("", "process")
"""The keys of the daemon's own series; no target has an empty name."""


class WindowLoop:
    """Fills the window once somebody wants one; until then it costs nothing, not even its import."""

    def __init__(  # noqa: PLR0913 - what history is made of
        self,
        options: WindowOptions,
        *,
        clock: Clock,
        interval: float,
        snapshots: Callable[[], Sequence[Snapshot]],
        own: Callable[[], Sequence[Sample]],
        process: Callable[[], Iterable[tuple[str, Mapping[str, str], float]]],
        state_dir: str | None = None,
    ) -> None:
        self._options = options
        self._clock = clock
        self._interval = interval
        self._snapshots = snapshots
        self._own = own
        self._process = process
        self._crowded = False
        self._file = Path(state_dir) / "window" if state_dir is not None else None
        self.instance = options.instance or ""
        """The label `instance` of what is of no node: where this daemon is reached, once that is known."""
        self._wanted = asyncio.Event()
        self._window: Window | None = None
        self._pace: Pace | None = None

    @property
    def window(self) -> Window:
        """The window, made now if there is none; it begins with what is known of every node."""
        window = self._window
        if window is None:
            # Here, as what nobody wants is not imported.
            from kvmon.judge.window.window import Window

            options = self._options
            window = self._window = Window(
                {"job": options.job, "instance": self.instance},
                retention=round(options.retention * 1000),
                memory=options.memory,
            )
            self._restore(window)
            for snapshot in self._snapshots():
                self.seen(snapshot)
            self.look()
            self._wanted.set()
            log.info("the recent history begins", retention_seconds=options.retention, memory_bytes=options.memory)
        return window

    @property
    def pace(self) -> Pace:
        """What queries run by, rules and requests alike."""
        if self._pace is None:
            from kvmon.judge.promql.pace import Pace

            self._pace = Pace(self._clock)
        return self._pace

    def seen(self, snapshot: Snapshot) -> None:
        """A node was polled."""
        if self._window is not None:
            self._window.append(snapshot.node.key, round(snapshot.at * 1000), snapshot.samples, snapshot.node)

    def forget(self, key: tuple[str, str]) -> None:
        """A node is no more: its series end."""
        if self._window is not None:
            self._window.end(key, round(self._clock.time() * 1000))

    def look(self) -> None:
        """Take what the daemon says of itself now."""
        if self._window is not None:
            at = round(self._clock.time() * 1000)
            self._window.append(OWN, at, [Sample(UP, 1), *self._own()])
            self._window.put(PROCESS, at, [self._labelled(*each) for each in self._process()])

    def _labelled(self, name: str, labels: Mapping[str, str], value: float) -> tuple[Labels, float]:
        attached = {"job": self._options.job, "instance": self.instance}
        return tuple(sorted({**attached, **labels, "__name__": name}.items())), value

    def own_samples(self) -> list[Sample]:
        """What the daemon says of the window; nothing while there is none."""
        window = self._window
        if window is None:
            return []
        now = round(self._clock.time() * 1000)
        return [
            Sample(rows.WINDOW_SERIES, window.series),
            Sample(rows.WINDOW_BYTES, window.size),
            Sample(rows.WINDOW_SECONDS, (now - window.oldest(now)) / 1000),
        ]

    async def run(self) -> NoReturn:
        """Until cancelled."""
        if self._options.start == "now":
            _ = self.window
        await self._wanted.wait()
        window = self.window
        kept = self._clock.monotonic()
        try:
            while True:
                await asyncio.sleep(self._interval)
                self.look()
                window.sweep(round(self._clock.time() * 1000))
                self._weigh(window)
                if self._clock.monotonic() - kept >= KEEP:
                    kept = self._clock.monotonic()
                    await self._keep(window)
        finally:
            await self._keep(window)

    def _weigh(self, window: Window) -> None:
        crowded = window.size > 1.1 * self._options.memory
        if crowded and not self._crowded:
            advice = "raise window.memory, or watch fewer series: even a short history of so many takes more"
            log.warning(
                "the recent history takes more memory than it may", series=window.series, bytes=window.size, advice=advice
            )
        self._crowded = crowded

    def _restore(self, window: Window) -> None:
        if self._file is not None:
            window_file.restore(self._file, window, round(self._clock.time() * 1000))

    async def _keep(self, window: Window) -> None:
        if self._file is not None:
            await window_file.keep(self._file, window)
