"""All nodes of a target, once: those that are configured, and then those that they lead to. For commands, without a daemon."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

from kvmon.clock import Clock
from kvmon.daemon.following import Following
from kvmon.model.snapshot import Snapshot
from kvmon.model.targets.target import Node, Target
from kvmon.tell.server.view import Topology


async def every_node(target: Target, look: Callable[[Node], Awaitable[Snapshot | None]], *, clock: Clock) -> Topology:
    """Give `look` each node once; what it sees leads to the others. Ends when nobody new is found within the target's timeout.

    Gives how the nodes belong together.
    """
    changed = asyncio.Event()
    following = Following(clock=clock, changed=changed.set)
    following.take([target])
    task = asyncio.create_task(following.run())
    looked = set()
    try:
        while True:
            changed.clear()
            new = [node for node in following.nodes(target) if node.address not in looked]
            for node in new:
                looked.add(node.address)
                snapshot = await look(node)
                if snapshot is not None:
                    following.seen(snapshot)
            if not new and not await _found(changed, following, target):
                return following.topology(target)
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _found(changed: asyncio.Event, following: Following, target: Target) -> bool:
    if following.topology(target).kind == "standalone":
        return False
    try:
        async with asyncio.timeout(target.timeout):
            await changed.wait()
    except TimeoutError:
        return False
    return True
