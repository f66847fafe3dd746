"""The token loop: gets new tokens long before the old ones end, and never gives up."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NoReturn

import structlog

from kvmon.errors import TargetError
from kvmon.model.metrics.catalogue import credentials as rows
from kvmon.model.metrics.sample import Sample
from kvmon.model.targets.target import Target
from kvmon.watch.wire.identity import TokenSource, source_of

log = structlog.get_logger("kvmon")


class TokenLoop:
    """Keeps the tokens of targets fresh. Connections take them from the same sources."""

    def __init__(self, targets: Sequence[Target] = ()) -> None:
        self._sources: dict[str, TokenSource] = {}
        self._changed = asyncio.Event()
        self.take(targets)

    def take(self, targets: Sequence[Target]) -> None:
        """Keep these from now on."""
        identities = {target.name: target.credentials.auth for target in targets}
        self._sources = {name: source_of(auth) for name, auth in identities.items() if auth is not None}
        self._changed.set()

    def own_samples(self) -> list[Sample]:
        """When the tokens end, and what failed."""
        samples = [Sample(rows.FAILURES, source.failures, (name,)) for name, source in self._sources.items()]
        known = ((name, source.token) for name, source in self._sources.items())
        return samples + [Sample(rows.EXPIRY, token.until, (name,)) for name, token in known if token is not None]

    async def run(self) -> NoReturn:
        """Refresh until cancelled."""
        while True:
            self._changed.clear()
            keepers = [asyncio.create_task(_keep(name, source)) for name, source in self._unique()]
            try:
                await self._changed.wait()
            finally:
                for keeper in keepers:
                    keeper.cancel()
                await asyncio.gather(*keepers, return_exceptions=True)

    def _unique(self) -> list[tuple[str, TokenSource]]:
        """Each source once, with the first target that uses it."""
        return list({id(source): (name, source) for name, source in reversed(self._sources.items())}.values())


async def _keep(name: str, source: TokenSource) -> NoReturn:
    failing = False
    while True:
        await asyncio.sleep(source.wait)
        try:
            await source.refresh()
        except TargetError as error:
            if not failing:
                log.warning("no new token", target=name, error=str(error))
            failing = True
        else:
            if failing:
                log.info("tokens are had again", target=name)
            failing = False
