"""What is asked about pub/sub: which channels somebody listens to, and how many do."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import islice

from kvmon.model.conversation import Command, Reply, expect
from kvmon.watch.collectors.shapes import array

KINDS = (("CHANNELS", "NUMSUB"), ("SHARDCHANNELS", "SHARDNUMSUB"))
"""What PUBSUB is asked for, of channels and of those that belong to a slot."""

MOST, TOGETHER = 100_000, 500
"""Channels of a pattern that are told apart, and of how many one question is about."""


@dataclass(slots=True)
class Heard:
    """What one node says: of each workload its channels, as hashes, and how many subscriptions they have."""

    channels: dict[str, set[bytes]] = field(default_factory=dict)
    subscribers: dict[str, int] = field(default_factory=dict)


def hear_channels(patterns: Sequence[tuple[str, str]], *, sharded: bool) -> Generator[Sequence[Command], Sequence[Reply], Heard]:
    """Ask one node; `patterns` are workloads with the patterns of their channels. Raises Unsupported where it refuses.

    Subscriptions to patterns (PSUBSCRIBE) are no subscriptions of a channel; `sharded` channels (7.0) count beside the others.
    """
    heard = Heard()
    for workload, pattern in patterns:
        found: dict[bytes, int] = {}
        for channels, counts in KINDS[: 1 + sharded]:
            (reply,) = yield [("PUBSUB", channels, pattern)]
            names = [name for name in array(f"PUBSUB {channels}", expect(f"PUBSUB {channels}", reply)) if isinstance(name, bytes)]
            for some in _parts(names[:MOST]):
                (told,) = yield [("PUBSUB", counts, *some)]
                flat = array(f"PUBSUB {counts}", told)
                for name, count in zip(flat[::2], flat[1::2], strict=False):
                    if isinstance(name, bytes) and isinstance(count, int):
                        found[name] = found.get(name, 0) + count
        heard.channels[workload] = {blake2b(name, digest_size=8).digest() for name in found}
        heard.subscribers[workload] = sum(found.values())
    return heard


def together(nodes: Sequence[Heard], workload: str) -> tuple[int, int]:
    """Channels and subscriptions of a workload on all nodes."""
    every: set[bytes] = set().union(*(node.channels.get(workload, set()) for node in nodes))
    return len(every), sum(node.subscribers.get(workload, 0) for node in nodes)


def _parts(names: Sequence[bytes]) -> Iterator[list[bytes]]:
    left = iter(names)
    while some := list(islice(left, TOGETHER)):
        yield some
