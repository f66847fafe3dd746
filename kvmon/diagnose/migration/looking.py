"""Keys looked at on both sides; what differs is looked at again, as it may have been on its way."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

from kvmon.clock import Clock
from kvmon.diagnose.migration.sides import Side
from kvmon.diagnose.migration.verdicts import Kind, Pair, Tally, difference, lasting
from kvmon.errors import TargetError
from kvmon.watch.scans.batches import batches
from kvmon.watch.scans.contents import Content
from kvmon.watch.scans.rules import shown

MANY = 200
"""Names that are asked for in one pipeline."""

WAITING, BYTES = 400, 8 * 1024 * 1024
"""Keys that may wait for their next look before they get it, and how many bytes their names may have together."""

TRIES, PAUSE = 5, 0.2
"""How often keys are asked for over lost connections, and seconds before the second time; more before each other."""

OWN = (b"kvmon:canary:", b"kvmon:migration:", b"health:test:")
"""What keys that kvmon itself writes begin with."""


@dataclass(frozen=True, slots=True)
class Suspect:
    """A key that differed when it was looked at last, `looks` times by now; `due` monotonic seconds."""

    db: int
    name: bytes
    looks: int
    due: float
    before: Pair | None = None


class Looker:
    """Looks at keys, and counts in `tally` what lasts. `settle` seconds are left to what is on its way, `tolerance` to expiry."""

    def __init__(  # noqa: PLR0913 - two sides, and how exact one is, by name
        self, source: Side, destination: Side, tally: Tally, *, clock: Clock, settle: float, tolerance: float
    ) -> None:
        self.source = source
        self.destination = destination
        self.tally = tally
        self.suspects: list[Suspect] = []
        self._clock = clock
        self._settle = settle
        self._tolerance = tolerance

    async def look(self, db: int, names: Sequence[bytes]) -> None:
        """Look at keys for the first time. Raises TargetError, Unsupported or Malformed; nothing of the rest is counted then."""
        wanted = [name for name in names if not name.startswith(OWN)]
        for some in batches(wanted):
            for name, pair in (await self._pairs(db, some)).items():
                if pair is not None and difference(pair, self._tolerance) is None:
                    self._count(pair)
                else:
                    self._later(Suspect(db, name, 1, 0.0, pair))
            await self._relieve()

    async def seek(self, db: int, names: Sequence[bytes]) -> None:
        """Look which of the destination's keys the source has not. Raises as `look` does."""
        for some in batches(names, MANY):
            self.suspect(db, [name for name, there in (await self._there(db, some)).items() if not there])
            await self._relieve()

    def suspect(self, db: int, names: Sequence[bytes]) -> None:
        """Keys that are to be looked at with the next ones that differed."""
        for name in names:
            self._later(Suspect(db, name, 0, 0.0))

    async def settle(self) -> None:
        """Look again at all that differed, until it is known what of it lasts."""
        while self.suspects:
            await asyncio.sleep(max(0.0, max(each.due for each in self.suspects) - self._clock.monotonic()))
            db = self.suspects[0].db
            pairs = await self._pairs(db, next(batches(each.name for each in self.suspects if each.db == db)))
            some = [each for each in self.suspects if each.db == db and each.name in pairs]
            self.suspects = [each for each in self.suspects if each.db != db or each.name not in pairs]
            for each in some:
                self._judge(each, pairs[each.name])

    async def _relieve(self) -> None:
        """Look again before too much waits for it."""
        if len(self.suspects) >= WAITING or sum(len(each.name) for each in self.suspects) >= BYTES:
            await self.settle()

    async def _pairs(self, db: int, names: Sequence[bytes]) -> dict[bytes, Pair | None]:
        """The source first: it says how a value is to be read. A lost connection is opened again."""
        for left in reversed(range(TRIES)):
            try:
                first = await self.source.read(db, names)
                guides = {name: found for name, found in first.items() if found is not None and found.kind != "none"}
                second = await self.destination.read(db, names, guides)
            except TargetError:
                if not left:
                    raise
                await asyncio.sleep(PAUSE * (TRIES - left))
            else:
                return {name: _pair(first[name], second[name]) for name in names}
        raise AssertionError

    async def _there(self, db: int, names: Sequence[bytes]) -> dict[bytes, bool]:
        for left in reversed(range(TRIES)):
            try:
                return await self.source.there(db, names)
            except TargetError:
                if not left:
                    raise
                await asyncio.sleep(PAUSE * (TRIES - left))
        raise AssertionError

    def _judge(self, suspect: Suspect, pair: Pair | None) -> None:
        looks = suspect.looks + 1
        kind = difference(pair, self._tolerance) if pair is not None else None
        if pair is None:
            if looks < 3:
                self._later(replace(suspect, looks=looks))
            else:
                self.tally.unread += 1
        elif kind is None:
            self._count(pair)
        else:
            last = lasting(looks, suspect.before, pair) if suspect.before is not None else None
            if last is None:
                self._later(Suspect(suspect.db, suspect.name, looks, 0.0, pair))
            elif last:
                self._differs(suspect, pair, kind)
            else:
                self._count(pair)
                self.tally.moving += 1

    def _differs(self, suspect: Suspect, pair: Pair, kind: Kind) -> None:
        self._count(pair)
        name = shown(suspect.name)
        self.tally.differs(kind, name if suspect.db == 0 else f"db{suspect.db} {name}")

    def _count(self, pair: Pair) -> None:
        first = pair.source if pair.source.kind != "none" else pair.destination
        if first.kind == "none":
            return  # it is gone
        self.tally.compared += 1
        self.tally.types[first.kind] += 1
        self.tally.partial += not first.whole

    def _later(self, suspect: Suspect) -> None:
        self.suspects.append(replace(suspect, due=self._clock.monotonic() + self._settle))


def _pair(source: Content | None, destination: Content | None) -> Pair | None:
    return Pair(source, destination) if source is not None and destination is not None else None
