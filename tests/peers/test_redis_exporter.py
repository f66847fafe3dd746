"""Whoever comes from redis_exporter finds every series again, with the same labels and values."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import pytest

from tests.peers.live import Series, fetch, redis_exporter, series, types
from tests.servers.cluster import form
from tests.servers.daemon import Daemon
from tests.servers.kinds import available
from tests.servers.server import Server
from tests.servers.waiting import until

ITS_OWN = ("redis_exporter_", "redis_target_scrape_")
"""What redis_exporter says about itself."""

OF_THE_MOMENT = (
    "redis_connected_clients",  # redis_exporter's own connection is among them when it asks
    "redis_start_time_seconds",  # its clock less the uptime in whole seconds
    "redis_allocator_", "redis_mem_", "redis_memory_used_",  # what a connection more or less takes
    "redis_instantaneous_", "redis_connected_slave_lag_",
)  # fmt: skip
"""What two that ask one after the other see differently, even where the server does nothing else."""

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


def compare(server: Server, start_daemon: Callable[..., Daemon]) -> int:
    """Ours has all of redis_exporter's series, and the same values where these did not move meanwhile: so many."""
    with redis_exporter(server) as url:
        daemon = start_daemon(environment={"REDIS_ADDR": server.url, "KVMON_INTERVAL": "500ms"})

        def theirs() -> dict[Series, float]:
            return {key: value for key, value in alike(fetch(url)).items() if comparable(key)}

        def ours() -> dict[Series, float]:
            """Of a poll that begins after the call."""
            polled = daemon.value("redis_exporter_scrapes_total") or 0.0
            until(lambda: (daemon.value("redis_exporter_scrapes_total") or 0.0) >= polled + 2, what="a poll that began now")
            return alike(daemon.get("/metrics").text)

        def missing() -> list[str]:
            return named(set(theirs()) - set(ours()))

        with contextlib.suppress(AssertionError):
            until(lambda: not missing(), 20)
        assert missing() == []
        still: dict[Series, float] = {}

        def differing() -> dict[str, tuple[float, float]]:
            before, page, after = theirs(), ours(), theirs()
            still.clear()
            still.update({key: value for key, value in before.items() if after.get(key) == value})
            keys = {key for key, value in still.items() if page.get(key) != value and not key[0].startswith(OF_THE_MOMENT)}
            return {f"{name}{dict(labels)}": (page[name, labels], still[name, labels]) for name, labels in keys}

        with contextlib.suppress(AssertionError):
            until(lambda: not differing(), 20)
        assert differing() == {}
        return len(still)


def test_every_series_is_there_with_its_labels_and_its_value(server: Server, start_daemon: Callable[..., Daemon]) -> None:
    for number in range(50):
        server.command("SET", f"key{number}", "value", "EX", 3600)
    assert compare(server, start_daemon) > 120


@pytest.mark.slow
@pytest.mark.parametrize("kind", available())
def test_a_primary_and_its_replica_say_the_same_as_there(
    kind: str, start_server: Callable[..., Server], start_daemon: Callable[..., Daemon]
) -> None:
    primary = start_server(kind, settings={"maxmemory": "100mb", "maxmemory-policy": "allkeys-lru"})
    primary.command("SET", "key", "value")
    replica = start_server(kind, replica_of=primary)
    until(lambda: replica.info("replication").get("master_link_status") == "up", what="a replica in step")
    assert compare(primary, start_daemon) > 120
    assert compare(replica, start_daemon) > 120


@pytest.mark.slow
def test_the_nodes_of_a_cluster_say_the_same_as_there(
    start_server: Callable[..., Server], start_daemon: Callable[..., Daemon]
) -> None:
    kind = available()[-1]
    primaries = [start_server(kind, cluster=True) for _ in range(3)]
    replica = start_server(kind, cluster=True)
    form(primaries, [replica])
    assert compare(primaries[0], start_daemon) > 120
    assert compare(replica, start_daemon) > 120


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
