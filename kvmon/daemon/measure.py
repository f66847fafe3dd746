"""The guide's question to a backend: how long one SET and one GET take."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence

from kvmon.clock import Clock
from kvmon.errors import ProtocolBroken, Timeout
from kvmon.model.conversation import Refusal
from kvmon.model.snapshot import Snapshot
from kvmon.model.targets.target import Node, Target
from kvmon.watch.wire.connection import Connection

EXPIRY = 10
"""Seconds after which the key is gone, whatever happens to us."""


def to_measure(target: Target, nodes: Sequence[Node], latest: Callable[[tuple[str, str]], Snapshot | None]) -> Node:
    """The node that is asked: a primary, else what is up, else the first. Raises Timeout where there is none to ask."""
    if not target.nodes:
        raise Timeout("unreachable", f"{target.name} has no node")
    up = [(node, shot) for node in nodes if (shot := latest(node.key)) is not None and shot.up]
    primaries = [node for node, shot in up if shot.facts.get("role") == "master"]
    if target.sentinels is not None and not primaries:
        raise Timeout("unreachable", f"no primary of {target.name} is up")
    return (primaries or [node for node, _ in up] or list(nodes))[0]


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
