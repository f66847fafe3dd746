"""A pass over a real server, outside the daemon, and what the server itself says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kvmon.clock import SystemClock
from kvmon.model.targets.address import Address
from kvmon.model.targets.target import Credentials, Node, Target
from kvmon.watch.scans.pacing import Budget
from kvmon.watch.scans.passing import Pass
from kvmon.watch.scans.rules import Rule
from kvmon.watch.scans.tally import Summary, summary
from kvmon.watch.scans.walking import Walker
from kvmon.watch.wire import Connection
from tests.servers.server import HOST, Server

NOBODY = Credentials()
HURRY = Budget(commands=1_000_000, share=1.0)


def node_of(server: Server, credentials: Credentials = NOBODY) -> Node:
    address = Address(host=HOST, port=server.port)
    return Node(Target("it", (address,), credentials), address)


async def passed(server: Server, rules: Sequence[Rule], *, budget: Budget = HURRY, top: int = 0) -> tuple[Pass, Walker]:
    """A whole pass."""
    link = Connection(node_of(server), clock=SystemClock())
    walker = Walker(link, budget, clock=SystemClock(), timeout=30)
    scan = Pass(rules, top=top)
    try:
        await walker.walk(scan)
    finally:
        await link.close()
    return scan, walker


def of(scan: Pass, subject: str, rule: str, group: str = "", db: int = -1) -> Summary:
    return summary([tally for bucket, tally in scan.tallies.items() if bucket == (subject, rule, db, group)])


def fill(server: Server, prefix: str, count: int, *, size: str = "i % 200", expiring: str = "i % 4 == 0") -> None:
    """Strings `prefix:0` and so on, whose sizes and expiry are expressions of Lua over i."""
    script = (
        f"for i=ARGV[1],ARGV[2] do local k='{prefix}:'..string.format('%d', i) "
        f"redis.call('SET', k, string.rep('x', {size})) if {expiring} then redis.call('EXPIRE', k, 1000 + i) end end"
    )
    with server.client(timeout=60) as client:
        for start in range(0, count, 10_000):
            client.command("EVAL", script, 0, start, min(start + 10_000, count) - 1)


def memory_of_all(server: Server, pattern: str) -> int:
    """MEMORY USAGE of each key, added up on the server."""
    script = (
        "local sum, c = 0, '0' repeat local r = redis.call('SCAN', c, 'MATCH', ARGV[1], 'COUNT', 10000) c = r[1] "
        "for _, k in ipairs(r[2]) do sum = sum + redis.call('MEMORY', 'USAGE', k) end until c == '0' return sum"
    )
    found: Any = server.command("EVAL", script, 0, pattern)
    return int(found)
