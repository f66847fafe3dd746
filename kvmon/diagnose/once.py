"""One poll of one node, outside the daemon."""

from __future__ import annotations

from collections.abc import Mapping

from kvmon.clock import SystemClock
from kvmon.errors import ProtocolBroken
from kvmon.model.conversation import Refusal
from kvmon.model.snapshot import Snapshot
from kvmon.model.targets.target import Node
from kvmon.watch.collectors import Collectors
from kvmon.watch.poller import NodePoller
from kvmon.watch.wire import Connection


async def poll_once(node: Node, collectors: Collectors) -> Snapshot:
    """The snapshot of a first poll; it never raises TargetError, the snapshot says why nothing came."""
    clock = SystemClock()
    poller = NodePoller(node, collectors, connect=lambda to: Connection(to, clock=clock), clock=clock)
    try:
        return await poller.poll(clock.monotonic())
    finally:
        await poller.close()


async def info_fields(node: Node) -> Mapping[str, str]:
    """Every field of INFO, as the server writes it. Raises TargetError."""
    connection = Connection(node, clock=SystemClock())
    try:
        await connection.connect(node.target.timeout)
        (reply,) = await connection.ask([("INFO", "ALL")], node.target.timeout)
    finally:
        await connection.close()
    if isinstance(reply, Refusal):
        raise ProtocolBroken("protocol", f"INFO: {reply.text}")
    if not isinstance(reply, bytes):
        raise ProtocolBroken("protocol", "INFO was not answered with text")
    lines = (line.partition(":") for line in reply.decode(errors="replace").splitlines())
    return {name: value for name, colon, value in lines if colon and not name.startswith("#")}
