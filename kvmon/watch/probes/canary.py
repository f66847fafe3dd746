"""Where the canary is written: one small key with an expiry, in a cluster one whose slot the node owns."""

from __future__ import annotations

import binascii
import secrets

SLOTS = 16384
TRIES = 200_000
"""Hash tags to try for a node that owns few slots; more would hold up the event loop."""

PREFIX = "kvmon:canary:"


def new_token() -> str:
    """What tells this daemon's canaries from those of others."""
    return secrets.token_hex(8)


def slots_of(nodes: str) -> list[tuple[int, int]]:
    """The slots of the node that answered CLUSTER NODES, or of its primary, as first and last of each range."""
    lines = [line.split(" ") for line in nodes.splitlines()]
    mine = next((words for words in lines if len(words) > 3 and "myself" in words[2].split(",")), [])
    if mine and mine[3] != "-":
        mine = next((words for words in lines if words[0] == mine[3]), [])
    ranges = []
    for word in mine[8:]:
        first, _, last = word.partition("-")
        if first.isdigit() and (not last or last.isdigit()):  # what is in brackets is on its way
            ranges.append((int(first), int(last or first)))
    return ranges


def key_in(token: str, ranges: list[tuple[int, int]]) -> str | None:
    """A key whose hash tag lies in these slots; None where there are none."""
    if not ranges:
        return None
    for number in range(TRIES):
        tag = str(number)
        slot = binascii.crc_hqx(tag.encode(), 0) % SLOTS
        if any(first <= slot <= last for first, last in ranges):
            return f"{PREFIX}{token}:{{{tag}}}"
    return None
