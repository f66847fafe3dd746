"""What is asked about streams: their length, their groups, who consumes, and what waits to be acknowledged."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import suppress

from kvmon.model.conversation import Command, Malformed, Refusal, Reply, Unsupported
from kvmon.model.metrics.catalogue import keys as rows
from kvmon.model.metrics.sample import Sample
from kvmon.model.metrics.spec import Spec
from kvmon.watch.collectors.keys import Keys
from kvmon.watch.collectors.shapes import array, number, table
from kvmon.watch.scans.contents import HUGE, LONG
from kvmon.watch.scans.rules import shown

CONSUMERS = 100
"""Consumers of a group that have series: those with most pending messages."""

TIMES = range(946_684_800_000, 32_503_680_000_000)
"""Milliseconds from the year 2000 to 3000: ids in it are times."""

Asking = Generator[Sequence[Command], Sequence[Reply], list[Sample]]


def look_at_streams(keys: Keys, db: str, names: Sequence[bytes], *, careful: bool = False) -> Asking:
    """Ask about each; what is no stream, not there, or another shard's is left out. `careful`: nothing with entries in it."""
    samples: list[Sample] = []
    for name in names:
        first: Command = ("XLEN", name) if careful or (yield from _long(name)) else ("XINFO", "STREAM", name)
        about, groups, time = yield [first, ("XINFO", "GROUPS", name), ("TIME",)]
        if isinstance(about, Refusal) or about == 0 or isinstance(groups, Refusal):
            continue
        with suppress(Malformed, Unsupported):
            where = (db, shown(name))
            if isinstance(about, int):
                samples.append(Sample(rows.LENGTH, about, where))
            else:
                samples += _fields(rows.STREAM, table("XINFO STREAM", about), where)
            found = [table("XINFO GROUPS", group) for group in array("XINFO GROUPS", groups)]
            now = _milliseconds(time)
            for group in found:
                title = group.get("name")
                if isinstance(title, bytes):
                    samples += _fields(rows.GROUP, group, (*where, shown(title)))
                    more = yield from _group(keys, name, title, where, now)
                    samples += more
    return samples


def _long(name: bytes) -> Generator[Sequence[Command], Sequence[Reply], bool]:
    """Whether its entries are so long that XINFO STREAM, which shows two of them, is a long answer."""
    (memory,) = yield [("MEMORY", "USAGE", name)]
    if not isinstance(memory, int) or memory <= HUGE:
        return False
    (length,) = yield [("XLEN", name)]
    return isinstance(length, int) and memory > LONG * length


def _group(keys: Keys, name: bytes, title: bytes, where: tuple[str, str], now: float | None) -> Asking:
    consumers, pending = yield [("XINFO", "CONSUMERS", name, title), ("XPENDING", name, title, "-", "+", 1)]
    labels = (*where, shown(title))
    samples: list[Sample] = []
    if isinstance(pending, list) and now is not None:
        oldest = _id(array("XPENDING", pending[0])[0]) if pending else None
        if oldest is None or int(oldest) in TIMES:
            samples.append(Sample(rows.OLDEST_PENDING, 0.0 if oldest is None else max(0.0, (now - oldest) / 1000), labels))
    if isinstance(consumers, list):
        known = [table("XINFO CONSUMERS", each) for each in consumers]
        told = [(each, number(each.get("pending")) or 0.0, (number(each.get("idle")) or 0.0) / 1000) for each in known]
        dead = sum(waiting > 0 and idle > keys.dead_after for _, waiting, idle in told)
        samples.append(Sample(rows.DEAD_CONSUMERS, dead, labels))
        for each, waiting, idle in sorted(told, key=lambda row: -row[1])[: CONSUMERS if keys.consumers else 0]:
            who = each.get("name")
            if isinstance(who, bytes):
                samples.append(Sample(rows.CONSUMER_PENDING, waiting, (*labels, shown(who))))
                samples.append(Sample(rows.CONSUMER_IDLE, idle, (*labels, shown(who))))
    return samples


def _fields(specs: Sequence[Spec], found: Mapping[str, Reply], labels: tuple[str, ...]) -> list[Sample]:
    samples = []
    for spec in specs:
        reply = found.get(spec.field)
        if isinstance(reply, list):
            reply = reply[0] if reply else None  # an entry: its id, and what is in it
        value = _id(reply) if spec.name.endswith("_id") else number(reply)
        if value is not None:
            samples.append(Sample(spec, value, labels))
    return samples


def _id(reply: Reply) -> float | None:
    """The first part of an id, `1526919030474-55`."""
    return number(reply.partition(b"-")[0]) if isinstance(reply, bytes) else None


def _milliseconds(reply: Reply) -> float | None:
    if not isinstance(reply, list) or len(reply) != 2:
        return None
    seconds, micro = map(number, reply)
    return seconds * 1000 + micro / 1000 if seconds is not None and micro is not None else None
