"""Batches: JSON as the API wants it, compressed, within its limits."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Any, NamedTuple

from kvmon.tell.sinks.datadog.agentless.encoding import ENCODINGS, Encoding, encoding_of
from kvmon.tell.sinks.datadog.point import Event, Point, ServiceCheck

LARGEST = 500_000
"""Bytes of a compressed body; the API takes 512,000 of series."""

LARGEST_PLAIN = 4_000_000
"""Bytes of a body before it is compressed; the API takes 5,242,880 of series."""

GAUGE, RATE = 3, 2
"""Of the v2 API."""


class Kind(StrEnum):
    """What a body is made of."""

    SERIES = "series"
    CHECKS = "checks"
    EVENTS = "events"


PATHS = {Kind.SERIES: "/api/v2/series", Kind.CHECKS: "/api/v1/check_run", Kind.EVENTS: "/api/v1/events"}

_AROUND = {Kind.SERIES: ('{"series":[', "]}"), Kind.CHECKS: ("[", "]"), Kind.EVENTS: ("", "")}


class Item(NamedTuple):
    """One entry of a body, as JSON, and the wall time it is of."""

    text: str
    at: float


@dataclass(frozen=True, slots=True)
class Batch:
    """A body, compressed. `oldest` is the wall time of its oldest entry, `count` how many entries it has."""

    kind: Kind
    oldest: float
    count: int
    body: bytes


def series(point: Point, at: float, host: str, *, kind: int = GAUGE, interval: float = 0.0) -> Item:
    """A point. A rate says over how many seconds."""
    over = f'"interval":{round(interval)},' if interval else ""
    value = f'{{"timestamp":{int(at)},"value":{float(point.value)!r}}}'
    return Item(f'{{"metric":"{point.name}","type":{kind},{over}"points":[{value}],{_about(point.tags, host)}}}', at)


@lru_cache(maxsize=4096)
def _about(tags: tuple[str, ...], host: str) -> str:
    resources = f'"resources":[{{"type":"host","name":{json.dumps(host)}}}]'
    return f'"tags":{json.dumps(tags, separators=(",", ":"))},{resources}'


def check_run(check: ServiceCheck, at: float, host: str) -> Item:
    """A service check."""
    data: dict[str, Any] = {
        "check": check.name, "host_name": host, "status": int(check.status), "tags": check.tags, "timestamp": int(at),
    }  # fmt: skip
    if check.message:
        data["message"] = check.message[:500]
    return Item(json.dumps(data), at)


def event(event: Event, at: float, host: str) -> Item:
    """An event."""
    data = {
        "title": event.title[:100], "text": event.text[:4000], "alert_type": event.alert_type,
        "aggregation_key": event.aggregation_key[:100], "date_happened": int(at), "tags": event.tags, "host": host,
        "source_type_name": "redis",
    }  # fmt: skip
    return Item(json.dumps(data), at)


def batches(kind: Kind, items: Sequence[Item], compression: str = "deflate") -> Iterator[Batch]:
    """As few bodies as the limits allow. Takes some milliseconds a megabyte: for a thread.

    Of the encodings only deflate is documented for all that is not series.
    """
    encoding = ENCODINGS[compression if kind is Kind.SERIES else "deflate"]
    for part in [[item] for item in items] if kind is Kind.EVENTS else _parts(items):
        yield from _packed(kind, part, encoding)


def halves(batch: Batch) -> list[Batch]:
    """The entries of a batch that was too large, in two; nothing where it has only one."""
    if batch.count < 2:
        return []
    encoding = encoding_of(batch.body)
    data = json.loads(encoding.decompress(batch.body))
    entries = data["series"] if batch.kind is Kind.SERIES else data
    texts = [Item(json.dumps(entry, separators=(",", ":")), batch.oldest) for entry in entries]
    middle = len(texts) // 2
    return [*_packed(batch.kind, texts[:middle], encoding), *_packed(batch.kind, texts[middle:], encoding)]


def _parts(items: Iterable[Item]) -> Iterator[list[Item]]:
    part: list[Item] = []
    size = 0
    for item in items:
        length = len(item.text.encode()) + 1
        if part and size + length > LARGEST_PLAIN:
            yield part
            part, size = [], 0
        part.append(item)
        size += length
    if part:
        yield part


def _packed(kind: Kind, items: list[Item], encoding: Encoding) -> Iterator[Batch]:
    before, after = _AROUND[kind]
    body = encoding.compress(f"{before}{','.join([item.text for item in items])}{after}".encode())
    if len(body) > LARGEST and len(items) > 1:
        middle = len(items) // 2
        yield from _packed(kind, items[:middle], encoding)
        yield from _packed(kind, items[middle:], encoding)
    else:
        yield Batch(kind, min(item.at for item in items), len(items), body)
