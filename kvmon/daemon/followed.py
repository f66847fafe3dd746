"""One target whose nodes are looked for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from ipaddress import ip_address

import structlog

from kvmon.clock import Clock
from kvmon.daemon.asking import SOON, Asking
from kvmon.daemon.cluster_map import ClusterMap
from kvmon.daemon.sentinel_map import SentinelMap
from kvmon.model.metrics.sample import Sample
from kvmon.model.snapshot import Snapshot
from kvmon.model.targets.address import Address, parse_address
from kvmon.model.targets.providers import PROVIDERS
from kvmon.model.targets.target import Node, Target
from kvmon.tell.server.view import Member, Topology
from kvmon.watch.topology.announced import is_local, reachable
from kvmon.watch.topology.membership import Membership
from kvmon.watch.topology.replication import neighbours

log = structlog.get_logger("kvmon")


class Followed:
    """What is known of the target's nodes. `named` are the addresses that targets name, with the names of these."""

    def __init__(self, target: Target, named: Mapping[Address, str], *, clock: Clock) -> None:
        self.target = target
        self.nodes: tuple[Node, ...] = target.nodes
        self._named = named
        self._clock = clock
        self._members = Membership(target.addresses)
        self._roles: dict[Address, str] = {}
        self._kind = "standalone"
        self._places: list[tuple[object, ...]] = []
        self._asking: Asking | None = None
        self._sentinels: SentinelMap | None = None
        if target.sentinels is not None:
            self._kind = "sentinel"
            self._sentinels = SentinelMap(target, target.sentinels, self._place)
            self._asking = Asking(self._sentinels, self._announced, target=target.name, clock=clock)

    def retake(self, target: Target, named: Mapping[Address, str]) -> bool:
        """Go on with these options; False where the target is at other addresses and nothing that is known counts."""
        old = self.target
        same = (old.addresses, old.topology, old.address_map, old.tls, old.sentinels) == (
            target.addresses, target.topology, target.address_map, target.tls, target.sentinels,
        )  # fmt: skip
        if same:
            self.target = target
            self._named = named
            self._members = self._members.without(address for address in self._members.found if not self._allowed(address))
            self.nodes = self._as_nodes()
        return same

    @property
    def plain(self) -> bool:
        """Whether there is nothing to look at: nobody was found, and nobody is asked."""
        return self._asking is None and not self._members.found

    @property
    def next(self) -> float | None:
        """When there is something to do, monotonic seconds; None where that is not known to come."""
        if self._asking is not None:
            return self._asking.next
        return self._members.expires(self.target.forget_after)

    def seen(self, snapshot: Snapshot) -> bool:
        """A node was polled: whether this needs a look."""
        address, facts = snapshot.node.address, snapshot.facts
        before = self._roles.get(address, "")
        role = facts.get("role", "unknown") if snapshot.up else ""
        self._roles[address] = role
        asking = self._asking
        due = asking.due if asking is not None else 0.0
        if role != before and asking is not None:
            asking.hasten(SOON if before else 0.0)
        if asking is not None and asking.map.heard(address, facts):
            asking.hasten(0.0)
        moved = self._up(address, snapshot) if snapshot.up else False
        return moved or self._asking is not asking or (asking is not None and asking.due != due)

    def _up(self, address: Address, snapshot: Snapshot) -> bool:
        """A node answered: whether others are to be polled than before."""
        facts, now = snapshot.facts, self._clock.monotonic()
        members = self._members.met(address, facts.get("run_id", ""))
        kind = self._kind_of(facts.get("cluster_enabled") == "1")
        if kind == "cluster" and self._asking is None:
            chart = ClusterMap(self.target, self._place)
            self._asking = Asking(chart, self._announced, target=self.target.name, clock=self._clock)
        if kind == "replicas":
            members = members.announced(self._reachable(neighbours(facts), address), now)
        if not any(self._roles.get(configured) for configured in self.target.addresses):
            # Nobody configured is left to announce it: whoever was found and answers must not be forgotten.
            members = members.announced([address], now)
        self._kind = kind if kind != "replicas" or members.found else "standalone"
        moved = members.found.keys() != self._members.found.keys() or members.runs != self._members.runs
        self._members = members
        return moved

    def settle(self) -> bool:
        """Forget who is gone; whether the nodes, or their shards and slots, are others than they were."""
        now = self._clock.monotonic()
        if not any(self._roles.values()):
            # Nobody is left who could announce anybody: time stands still.
            self._members = self._members.announced(self._members.found, now)
        # Between two questions nobody can be announced: time goes by answers then.
        self._members = self._members.expired(now if self._asking is None else self._asking.answered, self.target.forget_after)
        nodes = self._as_nodes()
        if nodes == self.nodes:
            return self._rearranged()
        old, new = {node.instance for node in self.nodes}, {node.instance for node in nodes}
        log.info("a target has other nodes", target=self.target.name, found=sorted(new - old), gone=sorted(old - new))
        self.nodes = nodes
        kept = frozenset(node.address for node in nodes)
        self._roles = {address: role for address, role in self._roles.items() if address in kept}
        if self._asking is not None:
            self._asking.map.forget(kept)
        self._rearranged()
        return True

    def _rearranged(self) -> bool:
        before = self._places
        self._places = [(member.node.address, member.shard, tuple(member.slots)) for member in self.topology().members]
        return self._places != before

    def topology(self) -> Topology:
        """See View."""
        configured = self.target.addresses
        if self._asking is None:
            return Topology(self._kind, [Member(node, configured=node.address in configured) for node in self.nodes])
        return Topology(self._kind, self._asking.map.members(self.nodes, configured))

    def samples(self) -> list[Sample]:
        """What the nodes say of the whole."""
        return self._asking.map.samples(self._clock.monotonic()) if self._asking is not None else []

    def start(self, group: asyncio.TaskGroup, done: Callable[[], None]) -> None:
        """Ask one of the nodes if it is time; `done` is called when that has ended."""
        asking = self._asking
        if asking is None or asking.next is None or asking.next > self._clock.monotonic():
            return
        asking.start(group, [node for node in self.nodes if self._roles.get(node.address) and self._knows(node)], done)

    def stop(self) -> None:
        """Ask no more."""
        if self._asking is not None:
            self._asking.stop()

    def _knows(self, node: Node) -> bool:
        return self._sentinels is None or self._sentinels.is_sentinel(node.address)

    def _announced(self, addresses: Sequence[Address]) -> None:
        allowed = [address for address in addresses if self._allowed(address) or address in self._members.found]
        self._members = self._members.announced(allowed, self._clock.monotonic())

    def _place(self, announced: Address, asked: Address) -> Address | None:
        found = reachable(announced, asked, self.target.address_map)
        return self._members.alias(found) if found is not None else None

    def _reachable(self, announced: Iterable[Address], asked: Address) -> list[Address]:
        found = (reachable(address, asked, self.target.address_map) for address in announced)
        return [address for address in found if address is not None and self._allowed(address)]

    def _allowed(self, address: Address) -> bool:
        # What another target names stays with it, unless this target is said to have others.
        return self.target.topology != "auto" or self._named.get(address, self.target.name) == self.target.name

    def _kind_of(self, clustered: bool) -> str:  # noqa: FBT001 - a private word
        if self._sentinels is not None:
            return "sentinel"
        wanted = self.target.topology
        if wanted != "auto":
            return wanted
        if clustered:
            return "cluster"
        # Replicas of a provider are announced by addresses of its own network, where nobody can ask them.
        return "replicas" if self.target.provider is PROVIDERS[0] else "standalone"

    def _as_nodes(self) -> tuple[Node, ...]:
        configured, sentinels = self.target.addresses, self.target.for_sentinels()
        return tuple(
            Node(sentinels if address in configured else self._target_at(address), address) for address in self._members.addresses
        )

    def _target_at(self, address: Address) -> Target:
        """The target as a found node has it: its certificate is for the name that is configured, not for an IP address."""
        watched = self._sentinels is not None and self._sentinels.is_sentinel(address)
        target = self.target.for_sentinels() if watched else self.target
        target = self._guarded(target, address)
        tls, name = target.tls, target.addresses[0].host
        if tls is None or tls.server_name or not name or not _is_ip(address.host) or _is_ip(name):
            return target
        return replace(target, tls=replace(tls, server_name=name))

    def _guarded(self, target: Target, address: Address) -> Target:
        """Servers elsewhere do not choose what is asked on this machine; `address_map` does."""
        mapped = {parse_address(place).host for place in target.address_map.values()}
        here = address.host in mapped or any(map(is_local, target.addresses))
        return target if here else replace(target, guarded=True)


def _is_ip(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
