"""The hash slot of a key, as a cluster counts it."""

from __future__ import annotations

from binascii import crc_hqx

SLOTS = 16_384


def slot_of(key: str | bytes) -> int:
    """CRC16 (XMODEM) of the key, or of what stands between its first `{` and the next `}` unless that is empty."""
    data = key.encode("utf-8", "surrogateescape") if isinstance(key, str) else key
    opening = data.find(b"{")
    if opening >= 0:
        closing = data.find(b"}", opening + 1)
        if closing > opening + 1:
            data = data[opening + 1 : closing]
    return crc_hqx(data, 0) % SLOTS
