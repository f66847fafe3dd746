"""What a target's nodes say about all of its nodes, put together: a protocol with one class for each kind of topology."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
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

    def members(self, nodes: Sequence[Node], configured: Collection[Address]) -> list[Member]:
        """The places of these nodes."""

    def samples(self, now: float) -> list[Sample]:
        """What it comes to; nothing once nobody tells any more."""
