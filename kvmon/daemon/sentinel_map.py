"""The nodes of a service behind Sentinels, as these tell."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from kvmon.daemon.maps import Place
from kvmon.model.conversation import Conversation
from kvmon.model.metrics.catalogue import topology as rows
from kvmon.model.metrics.sample import Sample
from kvmon.model.targets.address import Address
from kvmon.model.targets.target import Node, Sentinels, Target
from kvmon.tell.server.view import Member
from kvmon.watch.topology import sentinel
from kvmon.watch.topology.sentinel import Service


class SentinelMap:
    """See Map. Who is a Sentinel itself is known by its address."""

    kind = "sentinel"

    def __init__(self, target: Target, sentinels: Sentinels, place: Place) -> None:
        self._target = target
        self._service = sentinels.service
        self._place = place
        self._sentinels = frozenset(target.addresses)
        self._flags: dict[Address, tuple[str, ...]] = {}
        self._named: dict[Address, str] = {}

    def ask(self) -> Conversation[Service]:
        """See Map."""
        return sentinel.ask(self._service)

    def take(self, memory: Service, asked: Address, now: float) -> Sequence[Address]:
        """See Map."""
        del now
        flags = {place: seen.flags for seen in memory.all if (place := self._place(seen.address, asked)) is not None}
        found = (self._place(seen.address, asked) for seen in memory.sentinels)
        # One that is known stays one: who forgot it is not known to have forgotten it for good.
        self._sentinels |= {address for address in found if address is not None}
        self._flags = flags
        return list(flags)

    @property
    def suspects(self) -> None:
        """See Map: whom the others name is in their INFO."""
        return None

    def compare(self, memory: Service, asked: Address) -> None:
        """See Map."""

    def heard(self, address: Address, facts: Mapping[str, str]) -> bool:
        """See Map: whether a Sentinel names another primary than before."""
        if address not in self._sentinels:
            return False
        before = self._named.pop(address, "")
        named = sentinel.primary_named(facts, self._service)
        if named:
            self._named[address] = named
        return bool(named) and named != before

    def is_sentinel(self, address: Address) -> bool:
        """Whether this is a Sentinel, and no node of the service."""
        return address in self._sentinels

    def forget(self, kept: frozenset[Address]) -> None:
        """See Map."""
        self._sentinels &= kept
        self._named = {address: named for address, named in self._named.items() if address in kept}

    def members(self, nodes: Sequence[Node], configured: Collection[Address]) -> list[Member]:
        """See Map."""
        return [Member(node, flags=self._flags.get(node.address, ()), configured=node.address in configured) for node in nodes]

    def samples(self, now: float) -> list[Sample]:
        """See Map."""
        del now
        name = (self._target.name,)
        if not self._named:
            return []
        return [
            Sample(rows.SENTINELS, len(self._named), name),
            Sample(rows.NAMED, len(set(self._named.values())), name),
        ]
