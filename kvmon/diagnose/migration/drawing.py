"""Keys drawn by chance, and how much there is: RANDOMKEY and INFO of every shard."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Generator, Sequence
from dataclasses import dataclass

from kvmon.diagnose.migration.looking import OWN
from kvmon.diagnose.migration.readiness import Extent
from kvmon.diagnose.migration.sides import Door, Side
from kvmon.model.conversation import Command, Reply, expect
from kvmon.watch.collectors.shapes import text

TOGETHER = 100
"""Keys that are drawn in one pipeline."""

_DB = re.compile(r"db(\d+):keys=(\d+)")
_FIELD = re.compile(r"(?m)^(used_memory|maxmemory|evicted_keys):(\d+)")


@dataclass(frozen=True, slots=True)
class Holding:
    """What a node holds: keys by database, and the rest of an Extent."""

    door: Door
    keys: dict[int, int]
    extent: Extent


async def holdings(side: Side) -> list[Holding]:
    """Of each of its nodes. Raises TargetError, Unsupported or Malformed."""
    replies = await asyncio.gather(*(door.talk(0, _info()) for door in side.doors))
    found = []
    for door, (keyspace, memory, stats) in zip(side.doors, replies, strict=True):
        keys = {int(db): int(count) for db, count in _DB.findall(keyspace)}
        numbers = {name: int(value) for name, value in _FIELD.findall(f"{memory}\n{stats}")}
        limit = numbers.get("maxmemory") or None
        extent = Extent(sum(keys.values()), numbers.get("used_memory", 0), limit, numbers.get("evicted_keys", 0))
        found.append(Holding(door, keys, extent))
    return found


def together(found: Sequence[Holding], configured: int | None = None) -> Extent:
    """All nodes of a side. `configured` is the limit in bytes of the whole, where the servers tell none."""
    limits = [each.extent.limit for each in found if each.extent.limit is not None]
    return Extent(
        sum(each.extent.keys for each in found),
        sum(each.extent.memory for each in found),
        sum(limits) if len(limits) == len(found) else configured,
        sum(each.extent.evicted for each in found),
    )


async def draw(found: Sequence[Holding], count: int) -> dict[int, list[bytes]]:
    """About so many keys by database, of each node and database by its share; a key may come twice, and is named once.

    Raises TargetError, Unsupported or Malformed.
    """
    total = sum(each.extent.keys for each in found)
    drawn: dict[int, dict[bytes, None]] = {}
    for each in found:
        for db, keys in each.keys.items():
            wanted = max(1, round(count * keys / total)) if keys else 0
            names = await each.door.talk(db, _random(wanted))
            drawn.setdefault(db, {}).update(dict.fromkeys(name for name in names if not name.startswith(OWN)))
    return {db: list(names) for db, names in drawn.items()}


def _info() -> Generator[Sequence[Command], Sequence[Reply], tuple[str, str, str]]:
    keyspace, memory, stats = yield [("INFO", "keyspace"), ("INFO", "memory"), ("INFO", "stats")]
    return text("INFO", keyspace), text("INFO", memory), text("INFO", stats)


def _random(count: int) -> Generator[Sequence[Command], Sequence[Reply], list[bytes]]:
    names: list[bytes] = []
    for start in range(0, count, TOGETHER):
        replies = yield [("RANDOMKEY",)] * min(TOGETHER, count - start)
        names += [reply for reply in map(_expected, replies) if isinstance(reply, bytes)]
    return names


def _expected(reply: Reply) -> Reply:
    return expect("RANDOMKEY", reply)
