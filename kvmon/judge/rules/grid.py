"""When groups are evaluated: on a grid that depends on nothing but the group, so that restarts do not move it."""

from __future__ import annotations

from hashlib import blake2b


def phase(key: tuple[str, str], interval: int) -> int:
    """How far behind a multiple of `interval` (ms) this group is evaluated: groups spread over the interval."""
    digest = blake2b("\0".join(key).encode(), digest_size=8).digest()
    return int.from_bytes(digest) % interval


def slot(now: int, interval: int, offset: int) -> int:
    """The last moment of the grid that is not after `now` (ms)."""
    return now - (now - offset) % interval
