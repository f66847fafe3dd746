"""The deliver loop: alerts that were judged go to Alertmanagers and to kvmon's own notifier."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn

import structlog

from kvmon.clock import Clock
from kvmon.config.alerting import Alerting
from kvmon.journal.store import Journal
from kvmon.model.alert import Notice
from kvmon.model.metrics.catalogue import notifications as rows
from kvmon.model.metrics.sample import Sample

if TYPE_CHECKING:
    import sqlite3

    from kvmon.tell.notify.forward import Forwarder
    from kvmon.tell.notify.notifier import Notifier

log = structlog.get_logger("kvmon")


class NotifyLoop:
    """Takes what rules have found, and tells it. Without a configuration it waits for one, and tells nobody.

    `watch` is shown everything that is told.
    """

    def __init__(
        self,
        alerting: Alerting,
        *,
        journal: Journal,
        clock: Clock,
        version: str,
        watch: Callable[[Sequence[Notice]], None] = lambda _: None,
    ) -> None:
        self._watch = watch
        self._alerting = alerting
        self._journal = journal
        self._clock = clock
        self._agent = f"kvmon/{version}"
        self._changed = asyncio.Event()
        self._ready = asyncio.Event()
        self._forwarders: dict[str, Forwarder] = {}
        self.notifier: Notifier | None = None
        """kvmon's own, once it has read the journal; None where none is configured."""

    async def take(self, notices: Sequence[Notice], also: Callable[[sqlite3.Connection], None] | None = None) -> None:
        """Tell these. When it returns they are durable where they have to be, with what `also` writes in the same transaction."""
        await self._ready.wait()
        self._watch(notices)
        for forwarder in self._forwarders.values():
            forwarder.put(notices)
        if self.notifier is not None:
            await self.notifier.take(notices, also)
        elif also is not None:
            await self._journal.commit(also)

    def apply(self, alerting: Alerting) -> None:
        """Tell like this from now on."""
        if alerting != self._alerting:
            self._alerting = alerting
            self._changed.set()

    def own_samples(self) -> list[Sample]:
        """What became of what was told."""
        found: list[Sample] = []
        for each in self._forwarders.values():
            label = (each.shown,)
            found += [
                Sample(rows.ALERTMANAGER_SENT, each.sent, label),
                Sample(rows.ALERTMANAGER_ERRORS, each.errors, label),
                Sample(rows.ALERTMANAGER_DROPPED, each.dropped, label),
                Sample(rows.ALERTMANAGER_QUEUE, len(each), label),
            ]
        if self.notifier is None:
            return found
        courier = self.notifier.courier
        for name in self.notifier.routing.receivers:
            found += [Sample(rows.NOTIFICATIONS, courier.counts[name, result], (name, result)) for result in rows.RESULTS]
        found += [Sample(rows.DELIVERED_AT, at, (name,)) for name, at in courier.delivered_at.items()]
        return [*found, Sample(rows.OUTBOX, len(courier.outbox)), Sample(rows.HELD, len(self.notifier.dispatcher.alerts))]

    async def run(self) -> NoReturn:
        """Tell until cancelled."""
        while True:
            self._changed.clear()
            alerting = self._alerting
            if alerting.routing is None and not alerting.alertmanagers:
                self.notifier = None
                self._forwarders = {}
                self._ready.set()
                await self._changed.wait()
                continue
            await self._run_with(alerting)

    async def _run_with(self, alerting: Alerting) -> None:
        """Until the configuration changes."""
        # Here, as what is not configured is not imported.
        import aiohttp

        from kvmon.tell.notify.forward import Forwarder
        from kvmon.tell.notify.send import Sender

        self._forwarders = {url: self._forwarders.get(url) or Forwarder(url) for url in alerting.alertmanagers}
        await self._prepare(alerting)
        async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
            tasks = [asyncio.create_task(each.run(session, self._agent)) for each in self._forwarders.values()]
            if self.notifier is not None:
                tasks.append(asyncio.create_task(self.notifier.run(Sender(session, self._agent))))
            self._ready.set()
            changed = asyncio.create_task(self._changed.wait())
            try:
                done, _ = await asyncio.wait([changed, *tasks], return_when=asyncio.FIRST_COMPLETED)
            finally:
                await _end([changed, *tasks])
            for task in done - {changed}:
                task.result()  # a bug comes out

    async def _prepare(self, alerting: Alerting) -> None:
        from kvmon.tell.notify.notifier import Notifier

        if alerting.routing is None:
            self.notifier = None
        elif self.notifier is None:
            self.notifier = await Notifier.open(alerting.routing, journal=self._journal, clock=self._clock)
            if self._journal.folder is None:
                log.warning("without state_dir a restart forgets silences and notifications that are under way")
        else:
            await self.notifier.apply(alerting.routing)


async def _end(tasks: Sequence[asyncio.Task[object]]) -> None:
    for task in tasks:
        task.cancel()
    for task in tasks:
        with suppress(asyncio.CancelledError, Exception):  # what a bug was is told by who waited for it
            await task
