"""What hangs on a value and is not seen in it: groups of a stream, and fields of a hash that expire."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import TypeVar

from kvmon.model.conversation import Command, Reply
from kvmon.watch.collectors.server import Server
from kvmon.watch.collectors.shapes import array, table
from kvmon.watch.scans.digests import answered, digest, flat

MOST = 512
"""Fields of a hash whose expiry is asked for."""

EXPIRES = "hpttl"
"""The command that tells it, as rules of access control name it."""

T = TypeVar("T")
Asking = Generator[Sequence[Command], Sequence[Reply], T]


def fields_expire(server: Server) -> bool:
    """Whether this server knows fields that expire: Redis 7.4, Valkey 9."""
    return server.version >= ((9,) if server.software == "valkey" else (7, 4))


def groups_of(name: bytes) -> Asking[bytes]:
    """A digest of a stream's groups: how far each has read, and how much of it is pending."""
    (reply,) = yield [("XINFO", "GROUPS", name)]
    groups = [table("XINFO GROUPS", each) for each in array("XINFO GROUPS", answered(reply))]
    told = ([flat(group.get(part)) for part in ("name", "last-delivered-id", "pending")] for group in groups)
    return digest(part for group in sorted(told) for part in group)


def field_expiry(name: bytes, fields: Sequence[bytes]) -> Asking[dict[bytes, float]]:
    """Seconds left of these fields, of the first MOST of them; those that never expire are left out."""
    some = sorted(fields)[:MOST]
    (reply,) = yield [("HPTTL", name, "FIELDS", len(some), *some)]
    left = array("HPTTL", answered(reply)) if reply is not None else []
    return {field: each / 1000 for field, each in zip(some, left, strict=False) if isinstance(each, int) and each >= 0}
