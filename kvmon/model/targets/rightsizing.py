"""Whether a smaller size than the one that is paid for would do. Estimates: a size tells of memory, not of what its CPU does."""

from __future__ import annotations

from typing import NamedTuple

from kvmon.model.targets.target import Target

ROOM = 0.8
"""The share of its memory up to which a size has room for peaks to come."""


class Smaller(NamedTuple):
    """The next smaller size of the same family. `data` bytes it has for data, `connections` at most, None where not published."""

    sku: str
    data: int
    connections: int | None = None


def smaller_size(target: Target) -> Smaller | None:
    """What the target's provider sells below its sku, in the family that the first letter names; None where there is none."""
    own, provider = target.size, target.provider
    if own is None:
        return None
    family = [(name, size) for name, size in provider.sizes.items() if name[:1] == target.sku[:1] and size.memory < own.memory]
    if not family:
        return None
    name, size = max(family, key=lambda each: each[1].memory)
    return Smaller(name, round(size.memory * (1 - provider.reserved)), size.connections)
