"""A channel of messages that a server publishes, over a connection of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator

from kvmon.clock import Clock
from kvmon.errors import Denied, Timeout
from kvmon.model.conversation import Refusal
from kvmon.model.targets.target import Node
from kvmon.watch.wire.connection import Connection
from kvmon.watch.wire.replies import Replies

QUIET = 60.0
"""Seconds without a word after which the server is asked whether it is there: providers end idle connections after minutes."""

SPELL = 1_000
"""Replies after which the reader is made anew."""


async def messages(node: Node, channel: str, *, clock: Clock, quiet: float = QUIET) -> AsyncIterator[bytes]:
    """Each message as it comes, until something goes wrong: raises TargetError then, also where subscribing is refused."""
    connection = Connection(node, clock=clock)
    timeout = node.target.timeout
    try:
        await connection.connect(timeout)
        (reply,) = await connection.ask([("SUBSCRIBE", channel)], timeout)
        if isinstance(reply, Refusal):
            raise Denied(reply.reason, f"SUBSCRIBE {channel}: {reply.text}")
        collected, seen, asked = Replies(SPELL), 0, False
        while True:
            data = await connection.hear(quiet if not asked else timeout)
            if not data:
                if asked:
                    raise Timeout("timeout", f"{node}: no answer on the subscription within {timeout:g} s")
                connection.say(("PING",))
                asked = True
                continue
            asked, whole = False, collected.feed(data)
            for said in collected.replies[seen:]:
                if isinstance(said, list) and len(said) == 3 and said[0] == b"message" and isinstance(said[2], bytes):
                    yield said[2]
            seen = len(collected.replies)
            if whole:
                collected, seen = Replies(SPELL), 0
    finally:
        connection.drop()
