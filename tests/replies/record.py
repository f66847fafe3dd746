"""Records replies of real servers: `python -m tests.replies.record`, with KVMON_TEST_SERVERS naming their folder.

Each server has a replica, keys in two databases, keys that expire, errors and a script, so that most fields say
something.
"""

from __future__ import annotations

import contextlib
import re
from pathlib import Path

from tests.servers.client import Client, Refused
from tests.servers.server import Server
from tests.servers.waiting import until

HERE = Path(__file__).parent
KINDS = ("redis-6.2", "redis-7.0", "redis-8.0", "valkey-8.1", "valkey-9.1")

SCRUBBED = (
    (rb"(?m)^os:.*$", b"os:Linux 6.1.0 x86_64\r"),
    (rb"(?m)^(executable|config_file):.*$", rb"\1:/data/server.conf" + b"\r"),
)
"""What names the machine of the recording."""


def main() -> None:
    for kind in KINDS:
        with Server(kind) as primary, Server(kind, replica_of=primary) as replica:
            with primary.client() as client:
                load(client)
            until(lambda: replica.info()["master_link_status"] == "up", what="the replica's link")
            until(lambda: "state=online" in primary.info()["slave0"], what="the replica online")
            write(kind, "info", primary)
            write(kind, "info_replica", replica)
        with Server(kind, cluster=True) as node:
            node.command("CLUSTER", "ADDSLOTS", *range(16384))
            until(lambda: b"cluster_state:ok" in raw(node, "CLUSTER", "INFO"), what="the slots assigned")
            write(kind, "info_cluster", node)
            write(kind, "cluster_info", node, "CLUSTER", "INFO")


def load(client: Client) -> None:
    for number in range(200):
        client.command("SET", f"key:{number}", "x" * number, *(("EX", "10000") if number % 4 == 0 else ()))
        client.command("GET", f"key:{number * 2}")
    client.command("HSET", "hash", "field", "value")
    client.command("LPUSH", "list", *range(100))
    client.command("CLIENT", "SETNAME", "recorder")
    client.command("EVAL", "return redis.call('get', KEYS[1])", 1, "key:1")
    for wrong in (
        ("LPUSH", "key:1", "x"),
        ("NOSUCH",),
        ("EVALSHA", "0" * 40, 0),
        ("GET",),
        ("XREADGROUP", "GROUP", "g", "c", "STREAMS", "s", ">"),
    ):
        with contextlib.suppress(Refused):
            client.command(*wrong)
    client.command("SELECT", "3")
    client.command("SET", "elsewhere", "1", "PX", "5000000")


def raw(server: Server, *command: str) -> bytes:
    reply = server.command(*command)
    return reply if isinstance(reply, bytes) else str(reply).encode()


def write(kind: str, name: str, server: Server, *command: str) -> None:
    reply = raw(server, *(command or ("INFO", "ALL")))
    for pattern, text in SCRUBBED:
        reply = re.sub(pattern, text, reply)
    folder = HERE / kind
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.txt").write_bytes(reply)


if __name__ == "__main__":
    main()
