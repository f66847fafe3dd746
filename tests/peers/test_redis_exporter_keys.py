"""Keys, groups and streams as redis_exporter shows them, from the same settings; and right where it is wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from tests.peers.live import Series, fetch, redis_exporter, series
from tests.servers.client import Client, Refused
from tests.servers.cluster import form
from tests.servers.daemon import Daemon
from tests.servers.server import Server
from tests.servers.waiting import until
from tests.watch.scans.scanning import fill

PREFIX = "REDIS_EXPORTER_"
SETTINGS = {
    "CHECK_KEYS": "db0=user:1?,db2=list*",
    "CHECK_SINGLE_KEYS": "number,text,visits,no-such-key,db2=list%3Ajobs,set,zset,hash",
    "COUNT_KEYS": "user:*,db2=*,nothing:*",
    "CHECK_KEY_GROUPS": "^(user):%d+$,^([%a]+):.*$",
    "CHECK_SINGLE_STREAMS": "events",
    "CHECK_STREAMS": "ev*",
}
ABOUT = ("redis_key_", "redis_keys_", "redis_stream_", "redis_number_of_distinct_key_groups")
UNTOLD = (
    "redis_number_of_distinct_key_groups", "redis_stream_group_entries_read", "redis_stream_group_lag",
    "redis_stream_max_deleted_entry_id",
)  # fmt: skip
"""Names that redis_exporter gives as 0 where the server says nothing; what is unknown is absent here."""

LATER = ("redis_stream_entries_added_total",)
"""A name that only newer versions of redis_exporter have."""

MOVING = ("redis_stream_group_consumer_idle_seconds",)


def settings(found: Mapping[str, str]) -> dict[str, str]:
    return {PREFIX + name: value for name, value in found.items()}


def about_keys(page: str) -> dict[Series, float]:
    """What both show. Ours has no values that are no numbers; theirs has zeros for what is unknown."""

    def comparable(name: str, value: float) -> bool:
        if name == "redis_key_value_as_string" or name.startswith("redis_last_key"):
            return False
        return name.startswith(ABOUT) and name not in LATER and not (name in UNTOLD and value == 0)

    return {key: value for key, value in series(page).items() if comparable(key[0], value)}


def prepare(client: Client) -> None:
    for number in range(30):
        client.command("SET", f"user:{number}", "x" * number)
    client.command("SET", "number", "42.5")
    client.command("SET", "text", "hello")
    client.command("PFADD", "visits", "a", "b", "c")
    client.command("SADD", "set", "a", "b")
    client.command("ZADD", "zset", 1, "a")
    client.command("HSET", "hash", "a", 1, "b", 2)
    for number in range(5):
        client.command("XADD", "events", f"{1_700_000_000_000 + number}-1", "a", number)
    client.command("XGROUP", "CREATE", "events", "mails", "0")
    client.command("XREADGROUP", "GROUP", "mails", "alice", "COUNT", 3, "STREAMS", "events", ">")
    client.command("XGROUP", "CREATE", "events", "idle", "$")
    client.command("SELECT", 2)
    client.command("RPUSH", "list:jobs", "a", "b", "c")


def test_every_series_of_keys_groups_and_streams_is_the_same(server: Server, start_daemon: Callable[..., Daemon]) -> None:
    with server.client() as client:
        prepare(client)
    with redis_exporter(server, settings(SETTINGS)) as url:
        quick = {"KVMON_INTERVAL": "1s", "REDIS_ADDR": server.url, **settings(SETTINGS)}
        daemon = start_daemon(environment=quick)

        def found() -> tuple[dict[Series, float], dict[Series, float]]:
            return about_keys(fetch(url)), about_keys(daemon.get("/metrics").text)

        theirs, _ = found()
        assert len(theirs) > 60

        def same() -> bool:
            theirs, ours = found()
            still = [key for key in theirs if key[0] not in MOVING]
            return theirs.keys() == ours.keys() and all(theirs[key] == ours[key] for key in still)

        with suppress(AssertionError):
            until(same, 20)
        theirs, ours = found()
        assert sorted(map(str, theirs.keys() - ours.keys())) == []
        assert sorted(map(str, ours.keys() - theirs.keys())) == []
        assert {key: (theirs[key], ours[key]) for key in theirs if theirs[key] != ours[key] and key[0] not in MOVING} == {}


def test_values_that_are_no_numbers_are_nobodys_business(valkey: Server, start_daemon: Callable[..., Daemon]) -> None:
    valkey.command("SET", "text", "secret-hunter2")
    valkey.command("SET", "long", "1" * 500)
    valkey.command("SET", "number", "7")
    daemon = start_daemon(environment={"REDIS_ADDR": valkey.url, "KVMON_INTERVAL": "1s", **settings({"CHECK_KEYS": "*"})})
    daemon.until("redis_key_value", 7, db="db0", key="number")
    daemon.until("redis_key_size", 14, db="db0", key="text")

    assert {sample.labels["key"] for sample in daemon.samples("redis_key_value")} == {"number"}
    assert "hunter2" not in daemon.get("/metrics").text + daemon.logs


def test_a_cluster_is_counted_whole_where_redis_exporter_sees_one_shard(
    start_server: Callable[..., Server], start_daemon: Callable[..., Daemon]
) -> None:
    primaries = [start_server(cluster=True) for _ in range(3)]
    form(primaries)
    for node in primaries:
        with node.client() as client:
            for number in range(300):
                with suppress(Refused):
                    client.command("SET", f"user:{number}", "x")
            for number in range(20):
                with suppress(Refused):
                    client.command("XADD", f"stream:{number}", "1-1", "a", "b")
                    client.command("XADD", f"stream:{number}", "2-1", "a", "b")
            with suppress(Refused):
                client.command("RPUSH", "jobs", "a", "b")
    keys = {
        "every": "1s",
        "patterns": ["stream:*"],
        "streams": ["stream:*"],
        "counts": ["user:*"],
        "groups": ["^(user):"],
        "single": ["user:7"],
        "queues": ["jobs", "empty"],
    }
    target = {"name": "it", "url": primaries[0].url, "topology": "cluster", "collectors": {"keys": keys}}
    target["scan"] = {"commands": 100_000, "server_time": 1}
    daemon = start_daemon({"interval": "1s", "targets": [target]})

    def total(name: str, **labels: str) -> float:
        return sum(sample.value for sample in daemon.samples(name, target="it", **labels))

    until(lambda: total("redis_keys_count", key="user:*") == 300, what="all shards")
    until(lambda: total("redis_key_group_count", key_group="user") == 300, what="all shards' groups")
    until(lambda: [sample.value for sample in daemon.samples("redis_key_size", key="user:7")] == [1], what="of its owner alone")
    until(lambda: [sample.value for sample in daemon.samples("kvmon_queue_length", queue="jobs")] == [2], what="the queue")
    until(lambda: [sample.value for sample in daemon.samples("kvmon_queue_length", queue="empty")] == [0], what="an empty queue")
    until(lambda: total("redis_key_size", key="stream:1") == 2, what="a key of a pattern, wherever it is")
    assert len({sample.labels["key"] for sample in daemon.samples("redis_key_size") if sample.labels["key"] != "user:7"}) == 20
    options = {"COUNT_KEYS": "user:*", "CHECK_KEY_GROUPS": "^(user):", "CHECK_KEYS": "stream:*", "CHECK_STREAMS": "stream:*"}
    until(lambda: len(daemon.samples("redis_stream_length")) == 20, what="streams of all shards")
    with redis_exporter(primaries[0], settings({**options, "IS_CLUSTER": "true"})) as url:
        theirs = series(fetch(url))
    seen = {name: [value for key, value in theirs.items() if key[0] == name] for name, _ in theirs}
    assert sum(seen["redis_keys_count"]) < 300
    assert sum(seen.get("redis_key_group_count", [])) < 300
    assert len(seen.get("redis_key_size", [])) < 20
    assert len(seen.get("redis_stream_length", [])) < 20


def test_scripts_say_the_same(valkey: Server, start_daemon: Callable[..., Daemon], tmp_path: Path) -> None:
    valkey.command("SET", "a", "1")
    good, empty = tmp_path / "good.lua", tmp_path / "empty.lua"
    good.write_text("return {'keys', tostring(redis.call('DBSIZE')), 'half', '0.5'}")
    empty.write_text("return {}")
    options = settings({"SCRIPT": f"{good},{empty}"})
    daemon = start_daemon(environment={"REDIS_ADDR": valkey.url, "KVMON_INTERVAL": "1s", **options})

    def scripts(page: str) -> dict[Series, float]:
        return {key: value for key, value in series(page).items() if key[0].startswith("redis_script_")}

    with redis_exporter(valkey, options) as url:
        theirs = scripts(fetch(url))
    assert len(theirs) == 4
    until(lambda: scripts(daemon.get("/metrics").text), what="scripts")
    assert scripts(daemon.get("/metrics").text) == theirs


def test_a_database_that_is_not_there_puts_no_reply_in_anothers_place(
    valkey: Server, start_daemon: Callable[..., Daemon]
) -> None:
    with valkey.client() as client:
        client.command("SET", "a", "1")
        client.command("SELECT", 3)
        client.command("SET", "b", "22")
    found = settings({"CHECK_SINGLE_KEYS": "a,db99=a,db3=b"})
    daemon = start_daemon(environment={"REDIS_ADDR": valkey.url, "KVMON_INTERVAL": "1s", **found})
    daemon.until("redis_key_value", 22, db="db3", key="b")

    sizes = {(s.labels["db"], s.labels["key"]): s.value for s in daemon.samples("redis_key_size")}
    assert sizes == {("db0", "a"): 1, ("db3", "b"): 2}


def test_a_wrong_setting_is_said_by_name(start_daemon: Callable[..., Daemon], valkey: Server) -> None:
    fill(valkey, "session", 1)
    wrong = settings({"CHECK_KEY_GROUPS": "^(user", "COUNT_KEYS": "dbx=a", "MAX_DISTINCT_KEY_GROUPS": "many"})
    daemon = start_daemon(environment={"REDIS_ADDR": valkey.url, **wrong}, ready=False)

    assert daemon.process.wait(30) == 2
    for name in wrong:
        assert name in daemon.logs
