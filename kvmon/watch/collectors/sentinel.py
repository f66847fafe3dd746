"""SENTINEL MASTERS and what belongs to it: what a Sentinel thinks of the primaries it watches, their replicas and its peers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

from kvmon.model.conversation import Answer, Command, Conversation, Refusal, Reply
from kvmon.model.metrics.catalogue import sentinel as rows
from kvmon.model.metrics.sample import Sample
from kvmon.options import Count
from kvmon.watch.collectors.base import Collector
from kvmon.watch.collectors.server import Server
from kvmon.watch.collectors.shapes import array, number, table

WORDS = 200
"""Characters of a Sentinel's sentence that a label shows."""

Fields = Mapping[str, str]
Names = tuple[str, ...]


class Sentinel(Collector):
    """SENTINEL MASTERS, CKQUORUM, SENTINELS and SLAVES. `primaries` and `peers` are how many have series of their own."""

    name: ClassVar[str] = "sentinel"
    asks: ClassVar[tuple[str, ...]] = ("sentinel|masters", "sentinel|ckquorum", "sentinel|sentinels", "sentinel|slaves")

    primaries: Count = 100
    peers: Count = 0

    def first(self) -> Names:
        """No primary is known yet."""
        return ()

    def needs(self, server: Server) -> bool:
        """See Collector."""
        return server.mode == "sentinel"

    def ask(self, server: Server, memory: Names) -> Conversation[Names]:
        """One round trip unless there are primaries that were not there the last time: these are asked for in a second one."""
        del server
        masters, *replies = yield [("SENTINEL", "MASTERS"), *_questions(memory)]
        said = _by_name(memory, replies)
        primaries = [_fields("SENTINEL MASTERS", item) for item in array("SENTINEL MASTERS", masters)[: self.primaries]]
        names = tuple(primary["name"] for primary in primaries if "name" in primary)
        new = tuple(name for name in names if name not in said)
        if new:
            said |= _by_name(new, (yield _questions(new)))
        samples: list[Sample] = []
        for primary in primaries:
            if "name" in primary:
                samples += _settings(primary)
                samples += self._others(primary, *said[primary["name"]])
        return Answer(samples, names)

    def _others(self, primary: Fields, quorum: Reply, sentinels: Reply, replicas: Reply) -> list[Sample]:
        labels = _labels(primary)
        reached, words = _quorum(quorum)
        samples = [Sample(rows.CKQUORUM, float(reached), (primary["name"], words))]
        if not isinstance(sentinels, Refusal):
            peers = [_fields("SENTINEL SENTINELS", item) for item in array("SENTINEL SENTINELS", sentinels)]
            samples.append(Sample(rows.OK_SENTINELS, 1 + sum(map(_well, peers)), labels))
            keys = ("name", "ip", "port", "runid", "flags")
            samples += [Sample(rows.PEER, 1, (*labels, *(peer.get(key, "") for key in keys))) for peer in peers[: self.peers]]
        if not isinstance(replicas, Refusal):
            found = [_fields("SENTINEL SLAVES", item) for item in array("SENTINEL SLAVES", replicas)]
            samples.append(Sample(rows.OK_SLAVES, sum(map(_well, found)), labels))
        return samples


def _questions(names: Names) -> list[Command]:
    # SLAVES, as REPLICAS came with version 5 and both are the same.
    return [("SENTINEL", word, name) for name in names for word in ("CKQUORUM", "SENTINELS", "SLAVES")]


def _by_name(names: Names, replies: Sequence[Reply]) -> dict[str, tuple[Reply, Reply, Reply]]:
    rounds = zip(names, replies[::3], replies[1::3], replies[2::3], strict=True)
    return {name: (quorum, sentinels, replicas) for name, quorum, sentinels, replicas in rounds}


def _fields(command: str, item: Reply) -> dict[str, str]:
    found = {}
    for name, value in table(command, item).items():
        found[name] = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
    return found


def _labels(primary: Fields) -> tuple[str, str]:
    host, port = primary.get("ip", ""), primary.get("port", "")
    return primary["name"], f"{host}:{port}"


def _settings(primary: Fields) -> list[Sample]:
    labels = _labels(primary)
    values = ((row, scale, number(primary.get(field, ""))) for row, field, scale in rows.SETTINGS)
    return [Sample(row, value * scale, labels) for row, scale, value in values if value is not None]


def _well(node: Fields) -> bool:
    return not {"s_down", "o_down"} & set(node.get("flags", "").split(","))


def _quorum(reply: Reply) -> tuple[bool, str]:
    """Whether it can be reached, and the Sentinel's sentence."""
    if isinstance(reply, Refusal):
        return False, reply.text[:WORDS]
    words = reply.decode("utf-8", "replace") if isinstance(reply, bytes) else str(reply)
    return True, words[:WORDS]
