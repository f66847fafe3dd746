"""One target whose nodes are looked for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace
from ipaddress import ip_address

import structlog

from kvmon.clock import Clock
from kvmon.errors import TargetError
from kvmon.model.conversation import Malformed, Unsupported
from kvmon.model.metrics.catalogue import topology as rows
from kvmon.model.metrics.sample import Sample
from kvmon.model.snapshot import Snapshot
from kvmon.model.targets.address import Address
from kvmon.model.targets.providers import PROVIDERS
from kvmon.model.targets.target import Node, Target
from kvmon.tell.server.view import Member, Topology
from kvmon.watch.topology import cluster_nodes
from kvmon.watch.topology.announced import reachable
from kvmon.watch.topology.cluster_nodes import ClusterNode
from kvmon.watch.topology.membership import Membership
from kvmon.watch.topology.replication import neighbours
from kvmon.watch.wire import Connection

log = structlog.get_logger("kvmon")

ASK = 10.0
"""Seconds between questions to a cluster."""

SOON = 1.0
"""Seconds until the next question when a node fails or changes its role."""

STALE = 3 * ASK
"""Seconds for which an answer is believed."""

REFUSED = 60.0
"""Seconds until a question that was refused is asked again."""


class Followed:
    """What is known of the target's nodes. `taken` are addresses that other targets name."""

    def __init__(self, target: Target, taken: frozenset[Address], *, clock: Clock) -> None:
        self.target = target
        self.nodes: tuple[Node, ...] = target.nodes
        self._taken = taken
        self._clock = clock
        self._members = Membership(target.addresses)
        self._roles: dict[Address, str] = {}
        self._kind = "standalone"
        self._cluster: tuple[ClusterNode, ...] = ()
        self._ids: dict[str, Address] = {}
        self._next: float | None = None
        self._asked: Address | None = None
        self._answered = 0.0
        self._task: asyncio.Task[None] | None = None
        self._told = ""

    def retake(self, target: Target, taken: frozenset[Address]) -> bool:
        """Go on with these options; False where the target is at other addresses and nothing that is known counts."""
        old = self.target
        same = (old.addresses, old.topology, old.address_map, old.tls) == (
            target.addresses, target.topology, target.address_map, target.tls,
        )  # fmt: skip
        if same:
            self.target = target
            self._taken = taken
            self._members = self._members.without(address for address in taken if not self._allowed(address))
            self.nodes = self._as_nodes()
        return same

    @property
    def plain(self) -> bool:
        """Whether there is nothing to do: no cluster, and nobody was found."""
        return self._next is None and not self._members.found

    @property
    def due(self) -> bool:
        """Whether the cluster is to be asked now."""
        return self._task is None and self._next is not None and self._next <= self._clock.monotonic()

    def seen(self, snapshot: Snapshot) -> bool:
        """A node was polled: whether this needs a look soon."""
        address, facts = snapshot.node.address, snapshot.facts
        before = self._roles.get(address, "")
        role = facts.get("role", "unknown") if snapshot.up else ""
        self._roles[address] = role
        if role != before and self._next is not None:
            self._next = min(self._next, self._clock.monotonic() + (SOON if before else 0.0))
        if not snapshot.up:
            return False
        members = self._members.met(address, facts.get("run_id", ""))
        kind = self._kind_of(facts.get("cluster_enabled") == "1")
        if kind == "cluster" and self._next is None:
            self._next = self._clock.monotonic()
        if kind == "replicas":
            members = members.announced(self._reachable(neighbours(facts), address), self._clock.monotonic())
        if not any(self._roles.get(configured) for configured in self.target.addresses):
            # Nobody configured is left to announce it: whoever was found and answers must not be forgotten.
            members = members.announced([address], self._clock.monotonic())
        self._kind = kind if kind != "replicas" or members.found else "standalone"
        moved = members.found.keys() != self._members.found.keys() or members.runs != self._members.runs
        self._members = members
        return moved or (self._next is not None and self.due)

    def settle(self) -> bool:
        """Forget who is gone; whether the nodes are others than they were."""
        now = self._clock.monotonic()
        if not any(self._roles.values()):
            # Nobody is left who could announce anybody: time stands still.
            self._members = self._members.announced(self._members.found, now)
        self._members = self._members.expired(now, self.target.forget_after)
        nodes = self._as_nodes()
        if nodes == self.nodes:
            return False
        old, new = {node.instance for node in self.nodes}, {node.instance for node in nodes}
        log.info("a target has other nodes", target=self.target.name, found=sorted(new - old), gone=sorted(old - new))
        self.nodes = nodes
        kept = {node.address for node in nodes}
        self._roles = {address: role for address, role in self._roles.items() if address in kept}
        return True

    def topology(self) -> Topology:
        """See View."""
        places = {self._place(node): node for node in self._cluster}
        found = []
        for node in self.nodes:
            line = places.get(node.address)
            configured = node.address in self.target.addresses
            if line is None:
                found.append(Member(node, configured=configured))
            else:
                found.append(Member(node, line.shard, line.slots, tuple(sorted(line.flags - {"myself"})), configured=configured))
        return Topology(self._kind, found)

    def samples(self) -> list[Sample]:
        """What the cluster comes to; nothing once nobody tells any more."""
        if not self._cluster or self._clock.monotonic() - self._answered > STALE:
            return []
        name, (slots, *others) = self.target.name, cluster_nodes.summary(self._cluster)
        plain = zip((rows.MOVING, rows.NODES, rows.SHARDS, rows.LONELY), others, strict=True)
        return [
            *(Sample(rows.SLOTS, count, (name, state)) for state, count in slots.items()),
            *(Sample(spec, value, (name,)) for spec, value in plain),
        ]

    def start(self, group: asyncio.TaskGroup, done: Callable[[], None]) -> None:
        """Ask a node of the cluster; `done` is called when there is an answer."""
        now = self._clock.monotonic()
        self._next = now + ASK
        up = [node for node in self.nodes if self._roles.get(node.address)]
        if not up:
            return
        # The one that answered last is asked first, as long as it is up.
        node = next((node for node in up if node.address == self._asked), up[0])
        task = self._task = group.create_task(self._ask(node))

        def ended(_: asyncio.Task[None]) -> None:
            if self._task is task:
                self._task = None
            done()

        task.add_done_callback(ended)

    def stop(self) -> None:
        """Ask no more."""
        self._next = None
        if self._task is not None:
            self._task.cancel()

    async def _ask(self, node: Node) -> None:
        connection = Connection(node, clock=self._clock)
        try:
            await connection.connect(node.target.timeout)
            talk = cluster_nodes.ask()
            replies = await connection.ask(next(talk), node.target.timeout)
            try:
                talk.send(replies)
            except StopIteration as end:
                self._take(end.value.memory, node.address)
        except TargetError as error:
            # The next one up is asked soon; whether this one is down is for its polls to say.
            self._asked = next((other.address for other in self.nodes if other != node and self._roles.get(other.address)), None)
            self._next = self._clock.monotonic() + SOON
            self._tell(f"{node}: {error}")
        except (Unsupported, Malformed) as error:
            self._next = self._clock.monotonic() + REFUSED
            self._tell(str(error))
        else:
            self._told = ""
        finally:
            await connection.close()

    def _tell(self, why: str) -> None:
        if why != self._told:
            self._told = why
            log.warning("a cluster could not be asked for its nodes", target=self.target.name, why=why)

    def _take(self, nodes: tuple[ClusterNode, ...], asked: Address) -> None:
        self._asked, self._answered = asked, self._clock.monotonic()
        names = {node.id: node.shard for node in self._cluster}
        self._cluster = cluster_nodes.with_shards(cluster_nodes.members(nodes), names)
        present = {node.id for node in self._cluster}
        self._ids = {identity: address for identity, address in self._ids.items() if identity in present}
        for node in self._cluster:
            if node.myself:
                # It may be announced otherwise than we know it, or nohow: a cluster of one has no address for itself.
                self._ids = {identity: address for identity, address in self._ids.items() if address != asked}
                self._ids[node.id] = asked
        known = set(self._ids.values())
        places = [address for node in self._cluster if (address := self._place(node)) is not None]
        announced = [address for address in places if address in known or self._allowed(address)]
        self._members = self._members.announced(announced, self._clock.monotonic())

    def _place(self, node: ClusterNode) -> Address | None:
        known = self._ids.get(node.id)
        if known is not None:
            return known
        named = self.target.tls is not None and node.hostname
        address = Address(node.hostname, node.address.port) if named else node.address
        found = reachable(address, self._asked or self.target.addresses[0], self.target.address_map)
        return self._members.alias(found) if found is not None else None

    def _reachable(self, announced: Iterable[Address], asked: Address) -> list[Address]:
        found = (reachable(address, asked, self.target.address_map) for address in announced)
        return [address for address in found if address is not None and self._allowed(address)]

    def _allowed(self, address: Address) -> bool:
        return self.target.topology != "auto" or address not in self._taken

    def _kind_of(self, clustered: bool) -> str:  # noqa: FBT001 - a private word
        wanted = self.target.topology
        if wanted != "auto":
            return wanted
        if clustered:
            return "cluster"
        # Replicas of a provider are announced by addresses of its own network, where nobody can ask them.
        return "replicas" if self.target.provider is PROVIDERS[0] else "standalone"

    def _as_nodes(self) -> tuple[Node, ...]:
        target, configured = self.target, self.target.addresses
        return tuple(
            Node(target if address in configured else self._target_at(address), address) for address in self._members.addresses
        )

    def _target_at(self, address: Address) -> Target:
        """The target as a found node has it: its certificate is for the name that is configured, not for an IP address."""
        target = self.target
        tls, name = target.tls, target.addresses[0].host
        if tls is None or tls.server_name or not name or not _is_ip(address.host) or _is_ip(name):
            return target
        return replace(target, tls=replace(tls, server_name=name))


def _is_ip(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
