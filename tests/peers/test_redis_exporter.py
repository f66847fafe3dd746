"""Whoever comes from redis_exporter finds every series again, with the same labels and values."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from tests.peers.live import Series, fetch, redis_exporter, series, types
from tests.servers.daemon import Daemon
from tests.servers.server import Server
from tests.servers.waiting import until

ITS_OWN = ("redis_exporter_", "redis_target_scrape_")
"""What redis_exporter says about itself."""

MOVING = (
    "redis_allocator_", "redis_client_recent_", "redis_commands_", "redis_connected_clients", "redis_connected_client",
    "redis_cpu_", "redis_defrag_", "redis_errors_total", "redis_eventloop_", "redis_exporter_", "redis_instantaneous_",
    "redis_latency_", "redis_latest_fork", "redis_mem_", "redis_memory_", "redis_net_", "redis_rdb_last_cow",
    "redis_reads_", "redis_replica_", "redis_second_repl", "redis_slowlog_", "redis_start_time", "redis_total_",
    "redis_uptime", "redis_writes_", "redis_acl_access_denied", "redis_io_threads", "redis_process_id", "redis_last_slow",
    "redis_commandlog_", "redis_expire", "redis_db_avg_ttl", "redis_unexpected_", "redis_number_of_", "redis_replication_",
    "redis_tracking_", "redis_up_", "redis_clients_", "redis_client_", "redis_active_", "redis_instance_info",
    "redis_connections_", "redis_used_", "redis_rejected_", "redis_dump_", "redis_evicted_", "redis_module_", "redis_keyspace_",
    "redis_rdb_", "redis_lazyfree",
)  # fmt: skip
"""Gauges that two pollers asking one after the other need not see alike."""

COUNTED_PER_COMMAND = ("cmd", "err")
"""Series that a command or an error brings into being: the exporter's own commands are in its page, not yet in ours."""

UNLIKE = {
    "redis_exporter_last_scrape_error",
    "redis_last_key_groups_scrape_duration_milliseconds",
    "redis_db_keys_cached",  # the fourth number of a keyspace line, whatever it is; ours goes by its name
}
"""Names we leave out on purpose."""


def comparable(found: Series) -> bool:
    name, labels = found
    own = name.startswith(ITS_OWN) or name in UNLIKE or not name.startswith("redis_")
    return not own and not any(key in COUNTED_PER_COMMAND for key, _ in labels)


def alike(page: str) -> dict[Series, float]:
    """Its series, without the one label in which redis_exporter is behind: Valkey says server_mode, it looks for redis_mode."""

    def known(name: str, labels: frozenset[tuple[str, str]]) -> frozenset[tuple[str, str]]:
        return frozenset(pair for pair in labels if (name, pair[0]) != ("redis_instance_info", "redis_mode"))

    return {(name, known(name, labels)): value for (name, labels), value in series(page).items()}


def named(found: set[Series]) -> list[str]:
    return sorted(f"{name}{dict(labels)}" for name, labels in found)


def test_every_series_is_there_with_its_labels(server: Server, start_daemon: Callable[..., Daemon]) -> None:
    for number in range(50):
        server.command("SET", f"key{number}", "value", "EX", 3600)
    with redis_exporter(server) as url:
        daemon = start_daemon(environment={"REDIS_ADDR": server.url, "KVMON_INTERVAL": "1s"})
        theirs = {key: value for key, value in alike(fetch(url)).items() if comparable(key)}
        assert len(theirs) > 150

        def missing() -> list[str]:
            return named(set(theirs) - set(alike(daemon.get("/metrics").text)))

        with contextlib.suppress(AssertionError):
            until(lambda: not missing(), 20)
        assert missing() == []
        still = {key for key in theirs if not key[0].startswith(MOVING)}
        page = alike(daemon.get("/metrics").text)
        differing = {key for key in still if page[key] != theirs[key]}
        assert named(differing) == [], {key: (page[key], theirs[key]) for key in differing}
        assert len(still) > 50


def test_command_series_have_their_names_and_labels(server: Server, start_daemon: Callable[..., Daemon]) -> None:
    server.command("SET", "key", "value")
    with redis_exporter(server) as url:
        daemon = start_daemon(environment={"REDIS_ADDR": server.url, "KVMON_INTERVAL": "1s"})

        def of_set(page: str) -> set[Series]:
            found = series(page)
            return {key for key in found if ("cmd", "set") in key[1] and key[0].startswith("redis_")}

        theirs = of_set(fetch(url))
        until(lambda: theirs <= of_set(daemon.get("/metrics").text) or None, what=f"{named(theirs)}")
        assert theirs


def test_gauges_are_not_made_into_something_else(server: Server, start_daemon: Callable[..., Daemon]) -> None:
    with redis_exporter(server) as url:
        daemon = start_daemon(environment={"REDIS_ADDR": server.url})
        daemon.until("redis_up", 1)
        theirs, own = types(fetch(url)), types(daemon.get("/metrics").text)
        allowed = {("gauge", "counter"), ("gauge", "untyped"), ("counter", "untyped"), ("summary", "untyped")}
        changed = {
            name: (kind, own[name])
            for name, kind in theirs.items()
            if name in own and name.startswith("redis_") and own[name] != kind and (kind, own[name]) not in allowed
        }
        assert changed == {}
