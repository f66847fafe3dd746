"""What one node looked like at one moment."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from kvmon.model.metrics.sample import Sample
from kvmon.model.targets.target import Node


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a collector, or (collector `poll`) the whole poll, gave nothing. `reason` is a word of reasons.REASONS."""

    collector: str
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Capability:
    """Whether a node can be asked what a collector asks.

    `status`: works, refused, withheld (the provider is known to refuse it), unneeded (another version or mode) or off.
    `why` is a sentence unless it works; `without` are those of its commands that are refused.
    """

    collector: str
    status: str
    why: str = ""
    without: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The frozen result of a poll of one node.

    `up` is whether INFO was answered. `samples` holds `redis_*` and `kvmon_*` node series alike. `facts` are the INFO fields
    by name that pages and health answers read (text, undecorated). Times: `at` wall seconds when the poll began, `duration`
    seconds it took, `lateness` seconds between its due time and its begin. `since` is the wall time at which `up` last
    changed, `failure` says why the node is down.
    """

    node: Node
    at: float
    duration: float
    lateness: float
    up: bool
    samples: Sequence[Sample]
    failures: Sequence[Failure] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    since: float = 0.0
    round_trips: int = 0

    @property
    def failure(self) -> Failure | None:
        """Why the node is down; None when it is up."""
        return next((failure for failure in self.failures if failure.collector == "poll"), None)
