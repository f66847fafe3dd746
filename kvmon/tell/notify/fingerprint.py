"""The number by which Alertmanager and its receivers know a set of labels."""

from __future__ import annotations

from functools import lru_cache

from kvmon.model.alert import Labels

OFFSET, PRIME, WORD = 0xCBF29CE484222325, 0x100000001B3, 0xFFFFFFFFFFFFFFFF
"""Of 64-bit FNV-1a."""


@lru_cache(maxsize=16_384)
def fingerprint(labels: Labels) -> str:
    """16 hexadecimal digits: FNV-1a over names in order and their values, each ended by a byte 255."""
    number = OFFSET
    for byte in b"".join(name.encode() + b"\xff" + value.encode() + b"\xff" for name, value in labels):
        number = ((number ^ byte) * PRIME) & WORD
    return f"{number:016x}"
