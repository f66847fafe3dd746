"""What is asked about keys by name: sizes, memory, numbers, and how long queues are."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from kvmon.model.conversation import Command, Refusal, Reply
from kvmon.model.metrics.catalogue import keys as rows
from kvmon.model.metrics.sample import Sample
from kvmon.watch.collectors.keys import Keys, parse_key
from kvmon.watch.scans.batches import batches
from kvmon.watch.scans.passing import SIZES
from kvmon.watch.scans.rules import shown
from kvmon.watch.scans.streams import look_at_streams

NUMBER = 64
"""Bytes: a number has no more; of a longer value not even the beginning is read."""

_FLOAT = re.compile(rb"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")

Asking = Generator[Sequence[Command], Sequence[Reply], list[Sample]]


@dataclass(slots=True)
class Named:
    """Names of one database, by what is wanted of them."""

    shown: dict[bytes, None] = field(default_factory=dict)
    queues: dict[bytes, None] = field(default_factory=dict)
    streams: dict[bytes, None] = field(default_factory=dict)


def named(keys: Keys, checked: Iterable[tuple[int, bytes]], streams: Iterable[tuple[int, bytes]]) -> dict[int, Named]:
    """What the options name, and what a pass has found for their patterns, by database."""
    found: defaultdict[int, Named] = defaultdict(Named)
    for db, name in (*_given(keys.single), *checked):
        found[db].shown[name] = None
    for db, name in _given(keys.queues):
        found[db].queues[name] = None
    for db, name in (*_given(keys.single_streams), *streams):
        found[db].streams[name] = None
    return dict(found)


def look_up(keys: Keys, wanted: dict[int, Named], *, careful: bool = False) -> Asking:
    """Ask about them, database by database. `careful`: streams are asked nothing whose answer has whole entries in it.

    A key that another shard has is left to that one; a database that is not there has no keys.
    """
    samples: list[Sample] = []
    selected = 0
    for db, names in sorted(wanted.items()):
        if db != selected:
            (reply,) = yield [("SELECT", db)]
            if isinstance(reply, Refusal):
                continue
            selected = db
        kinds: dict[bytes, str] = {}
        for some in batches([*names.shown, *(name for name in names.queues if name not in names.shown)]):
            found = yield from _sizes(keys, f"db{db}", some, names, kinds)
            samples += found
        queues = [name for name in names.queues if kinds.get(name) == "stream"]
        found = yield from look_at_streams(keys, f"db{db}", list(dict.fromkeys([*names.streams, *queues])), careful=careful)
        samples += found
    return samples


def _sizes(keys: Keys, db: str, some: list[bytes], names: Named, kinds: dict[bytes, str]) -> Asking:
    replies = yield [command for name in some for command in (("TYPE", name), ("MEMORY", "USAGE", name))]
    samples: list[Sample] = []
    for name, kind, memory in zip(some, replies[::2], replies[1::2], strict=True):
        if isinstance(kind, bytes):
            kinds[name] = kind.decode("utf-8", "replace")
            if name in names.shown and isinstance(memory, int):
                samples.append(Sample(rows.MEMORY, memory, (db, shown(name))))
    sizes: dict[bytes, int] = {name: 0 for name in some if kinds.get(name) == "none"}
    asked = [(name, _command(kinds[name])) for name in some if name in kinds and _command(kinds[name])]
    replies = (yield [(command, name) for name, command in asked]) if asked else []
    sizes |= {name: reply for (name, _), reply in zip(asked, replies, strict=True) if isinstance(reply, int)}
    texts = [name for name, command in asked if command == "STRLEN"]
    if texts:
        replies = yield [("GETRANGE", name, 0, NUMBER) for name in texts]
        heads = {name: reply for name, reply in zip(texts, replies, strict=True) if isinstance(reply, bytes)}
        logs = [name for name, head in heads.items() if head.startswith(b"HYLL")]
        counts = (yield [("PFCOUNT", name) for name in logs]) if logs else []
        sizes |= {name: reply for name, reply in zip(logs, counts, strict=True) if isinstance(reply, int)}
        if keys.values:
            values = ((name, head) for name, head in heads.items() if name in names.shown and _FLOAT.fullmatch(head))
            samples += [Sample(rows.VALUE, float(head), (db, shown(name))) for name, head in values if len(head) <= NUMBER]
    for name, size in sizes.items():
        if name in names.shown:
            samples.append(Sample(rows.SIZE, size, (db, shown(name))))
            kind = kinds[name]
            length = 1 if kind == "string" else size
            samples.append(Sample(rows.LENGTH_OF_KEY, length, (db, shown(name), kind if kind != "none" else "")))
        if name in names.queues and kinds[name] in ("list", "stream", "none"):
            samples.append(Sample(rows.QUEUE, size, (db, shown(name))))
    return samples


def _command(kind: str) -> str:
    return "STRLEN" if kind == "string" else SIZES.get(kind, "")


def _given(texts: Iterable[str]) -> Iterator[tuple[int, bytes]]:
    for text in texts:
        db, name = parse_key(text)
        yield db, name.encode("utf-8", "surrogateescape")
