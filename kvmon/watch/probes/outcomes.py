"""What an error reply says about the op that was tried."""

from __future__ import annotations

from kvmon.model.conversation import Refusal

CONCLUSIVE = frozenset({"OOM", "READONLY", "MISCONF", "NOREPLICAS", "CLUSTERDOWN", "LOADING"})
"""First words with which a server says itself that it does not serve: one confirmation is enough."""

ELSEWHERE = frozenset({"MOVED", "ASK", "TRYAGAIN"})
"""First words of a cluster node that serves, but not this key."""


def is_about_us(refusal: Refusal) -> bool:
    """Whether it speaks of what this user may, or this server knows: it says nothing about how the op does for others."""
    return refusal.code in ELSEWHERE or refusal.reason in ("noperm", "unknown_command")
