"""What a target's nodes say about all of its nodes, put together: a protocol with one class for each kind of topology."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Protocol

from kvmon.model.conversation import Conversation
from kvmon.model.metrics.sample import Sample
from kvmon.model.targets.address import Address
from kvmon.model.targets.target import Node
from kvmon.tell.server.view import Member

STALE = 30.0
"""Seconds for which an answer is believed."""

Place = Callable[[Address, Address], Address | None]
"""Where to ask a node that the node at the second address announces; None where nobody is to be asked."""


class Map(Protocol):
    """Learns from answers. Times are monotonic seconds."""

    kind: str
    """The word for the topology."""

    def ask(self) -> Conversation[Any]:
        """What to ask a node; its memory is for `take`."""

    def take(self, memory: Any, asked: Address, now: float) -> Sequence[Address]:
        """Learn what the node at `asked` answered; the addresses of nodes that are to be polled."""

    @property
    def suspects(self) -> Collection[Address] | None:
        """Who thought otherwise than the node that is believed, and is to be asked again; None where nobody else is asked."""

    def compare(self, memory: Any, asked: Address) -> None:
        """What another node answered, right after the one that is believed."""

    def heard(self, address: Address, facts: Mapping[str, str]) -> bool:
        """A node was polled, or did not answer (no facts): whether it says that something has changed."""

    def forget(self, kept: frozenset[Address]) -> None:
        """These nodes are left."""

    def members(self, nodes: Sequence[Node], configured: Collection[Address]) -> list[Member]:
        """The places of these nodes."""

    def samples(self, now: float) -> list[Sample]:
        """What it comes to; nothing once nobody tells any more."""
