"""Keys that are asked about together: not many, and not with long names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

MOST, BYTES = 40, 256 * 1024
"""Keys in one pipeline, and how many bytes their names may have together."""


def batches(names: Iterable[bytes], most: int = MOST) -> Iterator[list[bytes]]:
    """The names in their order, so many at a time at most; one that is too long by itself is alone."""
    some: list[bytes] = []
    size = 0
    for name in names:
        if some and (len(some) >= most or size + len(name) > BYTES):
            yield some
            some, size = [], 0
        some.append(name)
        size += len(name)
    if some:
        yield some
