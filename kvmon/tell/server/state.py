"""What a target's last polls come to: the words that health answers, JSON and pages share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kvmon.model.snapshot import Snapshot
from kvmon.model.targets.providers import told_by
from kvmon.model.targets.target import Node, Target
from kvmon.tell.server.view import View

ROLES = {"master": "primary", "slave": "replica", "sentinel": "sentinel"}
LAG = "kvmon_replication_lag_seconds"


@dataclass(frozen=True, slots=True)
class NodeState:
    """One node now. `status` is up, down, or unknown (not polled yet, or not for long); `why` a sentence unless up."""

    node: Node
    snapshot: Snapshot | None
    status: str
    why: str

    @property
    def facts(self) -> Mapping[str, str]:
        """INFO's fields; none unless up."""
        return self.snapshot.facts if self.snapshot and self.status == "up" else {}

    @property
    def role(self) -> str:
        """primary, replica, sentinel or unknown."""
        facts = self.facts
        # A Sentinel tells its mode, and no role.
        return ROLES.get(facts.get("role") or facts.get("redis_mode") or facts.get("server_mode", ""), "unknown")

    @property
    def reason(self) -> str:
        """The word for why it is down, else empty."""
        failure = self.snapshot.failure if self.snapshot else None
        return failure.reason if failure else ""

    @property
    def lag(self) -> float | None:
        """Seconds a replica is behind, 0 for a primary; None where it is not known or the link is broken."""
        if self.role == "primary":
            return 0.0
        if self.snapshot is None or self.facts.get("master_link_status") != "up":
            return None
        derived = next((sample.value for sample in self.snapshot.samples if sample.spec.name == LAG), None)
        return derived if derived is not None else self.number("master_last_io_seconds_ago")

    def number(self, field: str) -> float | None:
        """A field of INFO as a number; None where it is absent, negative (unknown) or no number."""
        try:
            value = float(self.facts.get(field, ""))
        except ValueError:
            return None
        return value if 0 <= value < float("inf") else None

    def memory_limit(self) -> float | None:
        """Bytes for data: of maxmemory, else what the configuration says; None for no limit."""
        limit = self.node.target.limit
        available = told_by(self.node.target.provider, self.facts).available(self.number)
        return available or (limit[0] if limit is not None else None)

    def hit_ratio(self) -> float | None:
        """Hits among all look-ups since the start, 0..1; None before the first."""
        hits, misses = self.number("keyspace_hits"), self.number("keyspace_misses")
        if hits is None or misses is None or hits + misses == 0:
            return None
        return hits / (hits + misses)

    def memory_ratio(self) -> float | None:
        """Used memory by the limit; None without a limit."""
        used, limit = self.number("used_memory"), self.memory_limit()
        return None if used is None or limit is None else used / limit


def node_state(view: View, node: Node) -> NodeState:
    """From the last snapshot; one that is older than three intervals says nothing any more."""
    snapshot = view.board.latest(node.key)
    if snapshot is None:
        return NodeState(node, None, "unknown", "It was not polled yet.")
    age = view.clock.time() - snapshot.at
    if age > 3 * node.target.interval + node.target.timeout:
        return NodeState(node, snapshot, "unknown", f"The last poll is {age:.0f} seconds old.")
    if snapshot.up:
        return NodeState(node, snapshot, "up", "")
    failure = snapshot.failure
    return NodeState(node, snapshot, "down", f"{failure.message} ({failure.reason})" if failure else "It did not answer.")


def states(view: View, target: Target) -> list[NodeState]:
    """All nodes of a target."""
    return [node_state(view, node) for node in view.nodes(target)]


def main_state(view: View, target: Target) -> NodeState | None:
    """The node that speaks for its target: the first primary, else the first that is up, else the first."""
    found = states(view, target)
    return next(
        (state for state in found if state.role == "primary"),
        next((state for state in found if state.status == "up"), found[0] if found else None),
    )
