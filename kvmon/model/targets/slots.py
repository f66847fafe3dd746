"""Hash slots of a cluster."""

from __future__ import annotations

import binascii

SLOTS = 16_384


def slot_of(key: bytes) -> int:
    """The slot of a key: CRC16 of its hash tag, the first `{…}` with something in it, else of all of it."""
    start = key.find(b"{")
    if start >= 0:
        end = key.find(b"}", start + 1)
        if end > start + 1:
            key = key[start + 1 : end]
    return binascii.crc_hqx(key, 0) % SLOTS
