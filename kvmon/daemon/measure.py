"""The guide's question to a backend: how long one SET and one GET take."""

from __future__ import annotations

import secrets

from kvmon.clock import Clock
from kvmon.errors import ProtocolBroken
from kvmon.model.conversation import Refusal
from kvmon.model.targets.target import Node
from kvmon.watch.wire.connection import Connection

EXPIRY = 10
"""Seconds after which the key is gone, whatever happens to us."""


async def measure(node: Node, clock: Clock) -> float:
    """Seconds that one SET (`EX 10`) and one GET of a key `health:test:…` take together; connecting is not counted.

    Raises TargetError, also when the server refuses the write or gives another value back.
    """
    connection = Connection(node, clock=clock)
    key = f"health:test:{secrets.token_hex(8)}"
    value = secrets.token_hex(8)
    timeout = node.target.timeout
    try:
        await connection.connect(timeout)
        begun = clock.monotonic()
        (written,) = await connection.ask([("SET", key, value, "EX", EXPIRY)], timeout)
        (read,) = await connection.ask([("GET", key)], timeout)
        elapsed = clock.monotonic() - begun
    finally:
        await connection.close()
    for command, reply in (("SET", written), ("GET", read)):
        if isinstance(reply, Refusal):
            raise ProtocolBroken(reply.reason, f"{command} was refused: {reply.text}")
    if read != value.encode():
        raise ProtocolBroken("protocol", "GET gave another value than SET had written")
    return elapsed
