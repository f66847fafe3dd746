"""The discovery loop: from documents to targets, while these come and go."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import replace
from typing import NoReturn

import structlog

from kvmon.clock import Clock
from kvmon.config.discovery.options import DiscoveryOptions
from kvmon.config.discovery.sources import shown_url
from kvmon.config.discovery.targets import Discovery, Maker
from kvmon.daemon.documents import Files, Shelf
from kvmon.model.metrics.catalogue import discovery as rows
from kvmon.model.metrics.sample import Sample
from kvmon.model.targets.target import Target

log = structlog.get_logger("kvmon")

TOGETHER = 0.1
"""Seconds that a change waits for others."""


class DiscoveryLoop:
    """Knows the targets that documents name. `changed` is called when they are others than before."""

    def __init__(self, discovery: Discovery, *, changed: Callable[[], None], clock: Clock) -> None:
        self.targets: tuple[Target, ...] = ()
        self._changed = changed
        self._clock = clock
        self._problems: frozenset[str] = frozenset()
        self._awake = asyncio.Event()
        self._other = asyncio.Event()
        self._shelf = Shelf(self._awake.set, clock.time)
        self._take(discovery)

    def _take(self, discovery: Discovery) -> None:
        self._discovery = discovery
        self._maker = Maker(discovery)
        self._files = Files(discovery.files, self._shelf)
        options = discovery.options
        others = (
            *(shown_url(source.url) for source in options.http),
            *(source.name for source in options.dns),
            *(name for source in options.kubernetes for name in source.documents.values()),
        )
        self._shelf.retain({*self._files.read(), *others})
        self._make()

    def apply(self, discovery: Discovery | None) -> None:
        """Go on with these documents and options, or with none; `changed` is not called."""
        if discovery is None:
            discovery = replace(self._discovery, files=(), options=DiscoveryOptions())
        if discovery == self._discovery:
            return
        self._take(discovery)
        self._other.set()

    def own_samples(self) -> Sequence[Sample]:
        """What is known of documents."""
        shelf = self._shelf
        return [
            Sample(rows.TARGETS, len(self.targets)),
            Sample(rows.REJECTED, len(self._problems)),
            *(Sample(rows.FAILURES, count, (name,)) for name, count in shelf.failures.items()),
            *(Sample(rows.SUCCESS, at, (name,)) for name, at in shelf.success.items()),
        ]

    async def run(self) -> NoReturn:
        """Until cancelled."""
        while True:
            self._other.clear()
            readers = asyncio.ensure_future(self._readers())
            other = asyncio.ensure_future(self._other.wait())
            try:
                await asyncio.wait([readers, other], return_when=asyncio.FIRST_COMPLETED)
                if readers.done():
                    readers.result()
            finally:
                for task in (readers, other):
                    task.cancel()
                await asyncio.gather(readers, other, return_exceptions=True)

    async def _readers(self) -> None:
        discovery = self._discovery
        async with asyncio.TaskGroup() as group:
            if discovery.files:
                group.create_task(self._files.watch())
            for question in self._questions():
                group.create_task(question)
            while True:
                await self._awake.wait()
                await asyncio.sleep(TOGETHER)
                if self._make():
                    self._changed()

    def _questions(self) -> Iterator[Coroutine[None, None, NoReturn]]:
        """What asks for ever; what is not configured is not imported."""
        options, base = self._discovery.options, self._discovery.common.base
        if options.http:
            from kvmon.daemon.fetching import ask_http

            yield from (ask_http(source, base, self._shelf) for source in options.http)
        if options.dns:
            from kvmon.daemon.srv import ask_dns

            yield from (ask_dns(record, self._shelf) for record in options.dns)
        if options.kubernetes:
            from kvmon.daemon.kubernetes import ask_kubernetes

            yield from (ask_kubernetes(source, base, self._shelf) for source in options.kubernetes)

    def _make(self) -> bool:
        """Whether the targets are others than before."""
        self._awake.clear()
        targets, problems = self._maker.make(self._shelf.groups)
        for problem in sorted(set(problems) - self._problems):
            log.warning("something in a document that names targets is left out", why=problem)
        self._problems = frozenset(problems)
        if targets == self.targets:
            return False
        old, new = ({target.name for target in found} for found in (self.targets, targets))
        log.info("documents name other targets", targets=len(targets), found=len(new - old), gone=len(old - new))
        self.targets = targets
        return True
