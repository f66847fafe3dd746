"""Replies about keys: what refuses one key and what refuses all, and digests in which no two different values are the same."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b

from kvmon.model.conversation import Refusal, Reply, Unsupported


class Elsewhere(Exception):
    """The key is not to be had here."""


def answered(reply: Reply) -> Reply:
    """The reply. Raises Elsewhere for a key that has gone or become something else, Unsupported where the command is refused."""
    if isinstance(reply, Refusal):
        if reply.code in ("MOVED", "ASK", "TRYAGAIN", "WRONGTYPE") or "no such key" in reply.text:
            raise Elsewhere
        raise Unsupported(reply.reason, reply.text)
    return reply


def whole_number(reply: Reply) -> int | None:
    """An integer; None for anything else."""
    return reply if isinstance(reply, int) else None


def flat(reply: Reply) -> bytes:
    """A reply as bytes in which no two different ones are the same."""
    if isinstance(reply, list):
        return b"".join(b"%d:%b" % (len(part), part) for part in map(flat, reply)) + b"]"
    if isinstance(reply, bytes):
        return reply
    return repr(reply).encode()


def digest(parts: Iterable[bytes]) -> bytes:
    """Of these in their order."""
    found = blake2b(digest_size=16)
    for part in parts:
        found.update(b"%d:" % len(part))
        found.update(part)
    return found.digest()
