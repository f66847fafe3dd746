"""Whose word counts where several nodes answer for one op of a shard."""

from __future__ import annotations

from kvmon.model.evidence import Evidence

RANKS = {"primary": 0, "": 1, "replica": 2}
"""Who is asked first, by role: a replica's word about writing counts only where nobody is, or may be, the primary."""


class Panel:
    """The latest evidence of each node. An answer is believed for `fresh` seconds.

    One that serves is enough for the op: the failure of a node counts only where no other of its rank has lately succeeded. So
    the old primary of a failover, which is gone, does not speak against the new one. `members` are the nodes that will be heard:
    while one of them was not, it may be the primary, and replicas are not asked.
    """

    def __init__(self, fresh: float) -> None:
        self.fresh = fresh
        self.members: frozenset[str] = frozenset()
        self._latest: dict[str, tuple[int, Evidence]] = {}

    def hear(self, evidence: Evidence, rank: int) -> Evidence | None:
        """The evidence where it counts for the shard, else None."""
        self._latest[evidence.node] = (rank, evidence)
        if rank > min(other for other, _ in self._latest.values()):
            return None
        if rank == RANKS["replica"] and not self.members <= self._latest.keys():
            return None
        if evidence.ok or not any(
            each.ok and other == rank and evidence.end - each.end <= self.fresh for other, each in self._latest.values()
        ):
            return evidence
        return None

    def forget(self, node: str) -> None:
        """The node is no more, or elsewhere."""
        self._latest.pop(node, None)
