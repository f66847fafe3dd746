"""CLIENT LIST: who is connected, in sums; never a series for each connection."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from kvmon.model.conversation import Answer, Command, Conversation, Unsupported
from kvmon.model.metrics.catalogue.client_list import (
    AGE_OLDEST,
    BY_LIBRARY,
    BY_NAME,
    BY_STATE,
    BY_USER,
    IDLE_OLDEST,
    MEMORY,
    MEMORY_LARGEST,
    OUTPUT_LARGEST,
    OUTPUT_MEMORY,
    QUERY_LARGEST,
)
from kvmon.model.metrics.sample import Sample
from kvmon.model.metrics.spec import Spec
from kvmon.options import Count, Seconds
from kvmon.watch.collectors.base import Collector
from kvmon.watch.collectors.clients_list import Census, census
from kvmon.watch.collectors.server import Server
from kvmon.watch.collectors.shapes import text

OTHER = "other"
COUNT: Command = ("INFO", "clients")
LIST: Command = ("CLIENT", "LIST")

_CONNECTED = re.compile(r"^connected_clients:(\d{1,18})\s*$", re.MULTILINE | re.ASCII)

Labels = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ClientsMemory:
    """Which names, libraries and users have a series of their own: they keep it as long as they are connected.

    `connected` is how many clients there were, None before the first look.
    """

    names: frozenset[Labels] = field(default_factory=frozenset)
    libraries: frozenset[Labels] = field(default_factory=frozenset)
    users: frozenset[Labels] = field(default_factory=frozenset)
    connected: int | None = None


class Clients(Collector):
    """CLIENT LIST. `series` is how many names, libraries and users are told apart; the others are added up as `other`.

    A server with more than `at_most` clients is not asked for the list: each client is some 400 bytes, which the server
    writes while everybody waits.
    """

    name: ClassVar[str] = "clients"
    asks: ClassVar[tuple[str, ...]] = ("client|list", "info")
    every: Seconds = 60.0
    series: Count = 20
    at_most: Count = 10_000

    def first(self) -> ClientsMemory:
        """Nobody has a series yet."""
        return ClientsMemory()

    def needs(self, server: Server) -> bool:
        """Not of a Sentinel."""
        return server.mode != "sentinel"

    def ask(self, server: Server, memory: ClientsMemory) -> Conversation[ClientsMemory]:
        """How many there are, then who: in one round while they were far from too many. Raises Unsupported for too many."""
        del server
        few = memory.connected is not None and memory.connected <= self.at_most / 2
        together = yield [COUNT, LIST] if few else [COUNT]
        connected = _CONNECTED.search(text("INFO clients", together[0]))
        if connected and int(connected[1]) > self.at_most:
            raise Unsupported("too_large", f"CLIENT LIST: {connected[1]} clients are more than {self.at_most} (option at_most)")
        if few:
            reply = together[1]
        else:
            (reply,) = yield [LIST]
        found = census(text("CLIENT LIST", reply))
        after = ClientsMemory(
            chosen(found.names, memory.names, self.series),
            chosen(found.libraries, memory.libraries, self.series),
            chosen(found.users, memory.users, self.series),
            found.states.total(),
        )
        samples = [
            *_series(BY_NAME, found.names, after.names),
            *_series(MEMORY, found.memory, after.names),
            *_series(BY_LIBRARY, found.libraries, after.libraries),
            *_series(BY_USER, found.users, after.users),
            *_series(BY_STATE, found.states, frozenset(found.states)),
            *_extremes(found),
        ]
        return Answer(samples, after)


def chosen(counts: Counter[Labels], before: frozenset[Labels], limit: int) -> frozenset[Labels]:
    """Who has a series: who had one and is still there, then the most frequent. So series do not come and go."""
    kept = [labels for labels in before if labels in counts]
    fresh = sorted((labels for labels in counts if labels not in before), key=lambda labels: (-counts[labels], labels))
    return frozenset([*kept, *fresh][:limit])


def _series(spec: Spec, counts: Mapping[Labels, int], own: frozenset[Labels]) -> list[Sample]:
    other = (OTHER,) * len(spec.labels)
    sums: Counter[Labels] = Counter()
    for labels, count in counts.items():
        sums[labels if labels in own else other] += count
    return [Sample(spec, count, labels) for labels, count in sums.items()]


def _extremes(found: Census) -> list[Sample]:
    return [
        Sample(OUTPUT_MEMORY, found.output),
        Sample(OUTPUT_LARGEST, found.output_largest),
        Sample(QUERY_LARGEST, found.query_largest),
        Sample(MEMORY_LARGEST, found.memory_largest),
        Sample(IDLE_OLDEST, found.idle_longest),
        Sample(AGE_OLDEST, found.age_oldest),
    ]
