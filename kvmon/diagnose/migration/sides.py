"""One of the two backends: its shards, and which of them has a key."""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from kvmon.errors import ProtocolBroken, Unreachable
from kvmon.model.conversation import Command, Refusal, Reply, Unsupported
from kvmon.model.targets.slots import SLOTS, slot_of
from kvmon.watch.scans.contents import Content, reading
from kvmon.watch.scans.walking import Walker

Answer = TypeVar("Answer")
Talk = Generator[Sequence[Command], Sequence[Reply], Answer]

ALL = ((0, SLOTS - 1),)


class Closing(Protocol):
    """A connection as far as this cares."""

    @property
    def connects(self) -> int:
        """How often it was opened."""

    async def close(self) -> None:
        """Say goodbye."""


class Door:
    """One node of a side, asked by one at a time. `slots` are the ranges that it answers for.

    `fields_expire`: it knows fields of hashes that expire.
    """

    def __init__(
        self,
        instance: str,
        walker: Walker,
        link: Closing,
        slots: Sequence[tuple[int, int]] = ALL,
        *,
        fields_expire: bool = False,
    ) -> None:
        self.instance = instance
        self.fields_expire = fields_expire
        self.walker = walker
        self.slots = tuple(slots)
        self._link = link
        self._lock = asyncio.Lock()
        self._db, self._connects = 0, 0

    async def talk(self, db: int, talk: Talk[Answer]) -> Answer:
        """Lead a conversation in a database to its end. Raises TargetError, Unsupported or Malformed."""
        async with self._lock:
            try:
                batch = next(talk)
                while True:
                    batch = talk.send(await self._ask(db, batch))
            except StopIteration as end:
                answer: Answer = end.value
                return answer
            finally:
                talk.close()

    async def close(self) -> None:
        """Say goodbye."""
        await self._link.close()

    async def _ask(self, db: int, commands: Sequence[Command]) -> Sequence[Reply]:
        if self._link.connects != self._connects:  # a new connection is in the first database
            self._db, self._connects = 0, self._link.connects
        if db == self._db:
            replies = await self.walker.ask(commands)
            if self._link.connects == self._connects or db == 0:
                return replies
            # It was opened anew just now: what was read was another database's.
            self._connects = self._link.connects
        (selected, *replies) = await self.walker.ask([("SELECT", db), *commands])
        if isinstance(selected, Refusal):
            raise Unsupported(selected.reason, f"SELECT {db}: {selected.text}")
        self._db, self._connects = db, self._link.connects
        return replies


@dataclass(frozen=True, slots=True)
class Side:
    """A backend. `name` is that of its target, `doors` has one node of each shard."""

    name: str
    doors: Sequence[Door]

    async def read(
        self, db: int, names: Iterable[bytes], guides: Mapping[bytes, Content] | None = None
    ) -> dict[bytes, Content | None]:
        """What these keys hold, each asked at its shard; None for one that could not be read. Raises as `Door.talk` does."""
        found: dict[bytes, Content | None] = dict.fromkeys(names)
        shares = self._shares(found)
        for part in await asyncio.gather(*(self._read(self.doors[at], db, share, guides) for at, share in shares.items())):
            found.update(part)
        return found

    async def there(self, db: int, names: Sequence[bytes]) -> dict[bytes, bool]:
        """Whether there are such keys, by EXISTS. Raises as `Door.talk` does."""
        shares = self._shares(names)
        parts = await asyncio.gather(*(self.doors[at].talk(db, _exist(share)) for at, share in shares.items()))
        return {name: there for part in parts for name, there in part.items()}

    def at(self, name: bytes) -> Door:
        """The node that has a key. Raises Unreachable where nobody has its slot."""
        place = self._place(name)
        if place is None:
            raise Unreachable("clusterdown", f"{self.name}: no shard has slot {slot_of(name)}")
        return self.doors[place]

    async def close(self) -> None:
        """Say goodbye to all nodes."""
        await asyncio.gather(*(door.close() for door in self.doors))

    def _shares(self, names: Iterable[bytes]) -> dict[int, list[bytes]]:
        """Names by the door that answers for them; those of slots that nobody has are left out."""
        shares: dict[int, list[bytes]] = {}
        for name in names:
            place = self._place(name)
            if place is not None:
                shares.setdefault(place, []).append(name)
        return shares

    def _place(self, name: bytes) -> int | None:
        if len(self.doors) == 1:
            return 0
        slot = slot_of(name)
        ranges = ((place, first, last) for place, door in enumerate(self.doors) for first, last in door.slots)
        return next((place for place, first, last in ranges if first <= slot <= last), None)

    async def _read(
        self, door: Door, db: int, names: Sequence[bytes], guides: Mapping[bytes, Content] | None
    ) -> dict[bytes, Content]:
        try:
            return await door.talk(db, reading(names, guides, fields_expire=door.fields_expire))
        except ProtocolBroken as error:
            # Elements may be larger than they were taken for: fewer keys at a time, and one that is too large by itself is left.
            if error.reason != "too_large":
                raise
            if len(names) == 1:
                return {}
            half = len(names) // 2
            return {**await self._read(door, db, names[:half], guides), **await self._read(door, db, names[half:], guides)}


def _exist(names: Sequence[bytes]) -> Talk[dict[bytes, bool]]:
    replies = yield [("EXISTS", name) for name in names]
    return {name: reply == 1 for name, reply in zip(names, replies, strict=True)}
