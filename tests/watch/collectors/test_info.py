from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from kvmon.clock import ManualClock
from kvmon.model.conversation import Command, Malformed, Refusal, Reply, Unsupported
from kvmon.watch.collectors import Collectors
from kvmon.watch.collectors.cluster_info import ClusterInfo
from kvmon.watch.collectors.info import Info
from kvmon.watch.collectors.info_reply import LINES
from kvmon.watch.collectors.server import Server, parse_version, server_of
from tests.servers import server as real
from tests.servers.waiting import until
from tests.watch.collectors.recorded import KINDS, REPLIES, SIXTEEN, check_golden, lines, reply, told
from tests.watch.collectors.talking import DENIED, VALKEY, always, ask, talk

EVERY = [(kind, name) for kind in KINDS for name in REPLIES]


def series(samples: Any) -> dict[tuple[str, ...], float]:
    found = {(sample.spec.name + sample.suffix, *sample.labels): sample.value for sample in samples}
    assert len(found) == len(samples), "a series twice"
    return found


@pytest.mark.parametrize(("kind", "name"), EVERY)
def test_recorded_replies_give_the_samples_of_the_golden_file(kind: str, name: str) -> None:
    found = told(reply(kind, name))
    check_golden(kind + name.removeprefix("info"), lines(found.samples))
    assert found.memory.unmapped == ()
    assert len(series(found.samples)) == len(found.samples)


@pytest.mark.parametrize(
    ("kind", "software", "version"),
    [
        ("redis-6.2", "redis", (6, 2)), ("redis-7.0", "redis", (7, 0)), ("redis-8.0", "redis", (8, 0)),
        ("valkey-8.1", "valkey", (8, 1)), ("valkey-9.1", "valkey", (9, 1)),
    ],
)  # fmt: skip
def test_the_server_is_told_by_its_own_name_and_version(kind: str, software: str, version: tuple[int, int]) -> None:
    found = [told(reply(kind, name)).memory.server for name in REPLIES]
    assert [(each.software, each.version[:2]) for each in found] == [(software, version)] * 3
    assert [each.role for each in found] == ["master", "slave", "master"]
    assert [each.mode for each in found] == ["standalone", "standalone", "cluster"]
    assert all(len(each.run_id) == 40 for each in found)


def test_modules_are_listed() -> None:
    assert told(reply("redis-8.0")).memory.server.modules == {"vectorset"}
    assert told(reply("redis-7.0")).memory.server.modules == frozenset()


def test_fields_are_text_by_name() -> None:
    fields = told(reply("valkey-9.1")).memory.fields
    assert fields["maxmemory_policy"] == "noeviction"
    assert fields.get("used_memory", "").isdigit()
    assert fields.get("nothing of that name") is None
    assert "availability_zone" in fields
    assert fields["availability_zone"] == ""
    assert len(fields) == len(list(fields)) == len(dict(fields)) > 200


async def test_a_real_server_is_read_and_read_again(server: real.Server) -> None:
    server.config_set("maxmemory", "123456789")
    first = await ask(Info(), server)
    found = series(first.samples)
    assert found["redis_memory_max_bytes",] == 123456789
    assert found["redis_db_keys", "db15"] == 0
    assert not first.memory.unmapped, "a field of this server has no metric: add its row"
    with server.client() as client:
        for number in range(10):
            client.command("SET", f"key{number}", "value", "EX", "1000")
        client.command("GET", "key1")
    second = await ask(Info(), server, first.memory)
    found = series(second.samples)
    assert found["redis_db_keys", "db0"] == 10
    assert found["redis_db_keys_expiring", "db0"] == 10
    assert found["redis_keyspace_hits_total",] == 1
    assert found["redis_commands_total", "set"] == 10
    assert found["redis_instance_info", *_identity(second.samples)] == 1
    assert second.memory.server is first.memory.server


def _identity(samples: Any) -> tuple[str, ...]:
    return next(sample.labels for sample in samples if sample.spec.name == "redis_instance_info")


async def test_databases_are_asked_once_for_each_process(valkey: real.Server) -> None:
    asked: list[Command] = []

    def answer(command: Command) -> Reply:
        asked.append(command)
        return [b"databases", b"3"] if command[0] == "CONFIG" else valkey.command(*command)

    first = talk(Info(), Server(), Info().first(), answer)
    assert {key[1] for key in series(first.samples) if key[0] == "redis_db_keys"} == {"db0", "db1", "db2"}
    assert first.memory.server.databases == 3
    talk(Info(), first.memory.server, first.memory, answer)
    assert asked == [("INFO", "ALL"), ("CONFIG", "GET", "databases"), ("INFO", "ALL")]
    valkey.restart()
    third = talk(Info(), first.memory.server, first.memory, answer)
    talk(Info(), third.memory.server, third.memory, answer)
    assert asked[3:] == [("INFO", "ALL"), ("INFO", "ALL"), ("CONFIG", "GET", "databases")]


def test_a_server_without_a_run_id_is_asked_for_its_databases_once_too() -> None:
    asked: list[Command] = []

    def answer(command: Command) -> Reply:
        asked.append(command)
        return [b"databases", b"4"] if command[0] == "CONFIG" else b"redis_version:6.0.14\r\nused_memory:5\r\n"

    memory = Info().first()
    for _ in range(3):
        found = talk(Info(), Server(), memory, answer)
        memory = found.memory
        assert sum(sample.spec.name == "redis_db_keys" for sample in found.samples) == 4
    assert asked.count(("CONFIG", "GET", "databases")) == 1


def test_no_config_is_asked_at_all_where_that_collector_is_off() -> None:
    info, *_ = Collectors.model_validate({"config": "off"}).enabled()
    found = talk(info, Server(), info.first(), lambda command: [reply("redis-7.0")][command != ("INFO", "ALL")])
    assert sum(sample.spec.name == "redis_db_keys" for sample in found.samples) == 16


def test_sixteen_databases_where_the_question_is_refused() -> None:
    found = talk(Info(), Server(), Info().first(), lambda command: DENIED if command[0] == "CONFIG" else reply("redis-7.0"))
    assert sum(sample.spec.name == "redis_db_keys" for sample in found.samples) == 16


async def test_a_replica_tells_of_its_primary(start_server: Callable[..., real.Server]) -> None:
    primary = start_server()
    replica = start_server(replica_of=primary)
    until(lambda: replica.info()["master_link_status"] == "up", what="the replica's link")
    first = await ask(Info(), replica)
    where = ("127.0.0.1", str(primary.port))
    found = series(first.samples)
    assert found["redis_master_link_up", *where] == 1
    assert found["redis_slave_info", *where, "1"] == 1
    primary.kill()
    until(lambda: replica.info()["master_link_status"] == "down", what="the link broken")
    found = series((await ask(Info(), replica, first.memory)).samples)
    assert found["redis_master_link_up", *where] == 0
    assert found["redis_master_link_down_since_seconds", *where] >= 0
    replica.command("REPLICAOF", "NO", "ONE")
    found = series((await ask(Info(), replica, first.memory)).samples)
    assert not [key for key in found if key[0].startswith(("redis_slave_info", "redis_master_link"))]


def test_many_commands_and_errors_share_a_series() -> None:
    commands = "".join(f"cmdstat_c{number}:calls=2,usec=10,rejected_calls=1,failed_calls=0\r\n" for number in range(50))
    errors = "".join(f"errorstat_E{number}:count=3\r\n" for number in range(50))
    found = series(told(f"run_id:1\r\n{commands}{errors}".encode(), collector=Info(databases=0, commands=10, errors=5)).samples)
    assert found["redis_commands_total", "other"] == 80
    assert found["redis_commands_duration_seconds_total", "other"] == pytest.approx(400e-6)
    assert found["redis_errors_total", "other"] == 135
    assert sum(key[0] == "redis_commands_total" for key in found) == 11
    assert sum(key[0] == "redis_errors_total" for key in found) == 6


def test_fields_of_other_servers() -> None:
    body = (
        b"role:slave\r\nmaster_host:a\r\nmaster_port:1\r\nmaster_link_status:up\r\nslave_read_only:1\r\n"
        b"master_1_host:b\r\nmaster_1_port:2\r\nmaster_1_link_status:down\r\nserver_threads:2\r\n"
        b"db0:keys=5,expires=1,avg_ttl=2000,cached_keys=4\r\nmaxmemory_reservation:77\r\n"
        b"used_active_time_io_thread_3:1.5\r\ntls_server_cert_serial:0A1B\r\nmem_fragmentation_ratio:-nan\r\n"
        b"cluster_newest_thing:12\r\nmystery_number:4\r\n"
    )
    found = told(body, collector=Info(databases=1))
    values = series(found.samples)
    assert values["redis_master_link_up", "a", "1"] == 1
    assert values["redis_master_link_up", "b", "2"] == 0
    assert values["redis_slave_info", "b", "2", "1"] == 1
    assert values["redis_server_threads_total",] == 2
    assert values["redis_db_keys_cached", "db0"] == 4
    assert values["redis_db_avg_ttl_seconds", "db0"] == 2
    assert values["redis_memory_max_reservation_bytes",] == 77
    assert values["redis_active_time_io_thread_seconds_total", "3"] == 1.5
    assert values["redis_tls_certificate_info", "server", "0A1B"] == 1
    assert values["redis_cluster_newest_thing",] == 12
    assert ("redis_mem_fragmentation_ratio",) not in values
    assert found.memory.unmapped == ("mystery_number",)


def test_keys_by_size_are_told_when_asked_for() -> None:
    assert not [sample for sample in told(reply("redis-8.0")).samples if sample.spec.name == "redis_db_keys_by_size"]
    found = series(told(reply("redis-8.0"), collector=Info(databases=16, sizes=True)).samples)
    assert found["redis_db_keys_by_size", "db0", "strings", "128"] == 72
    assert found["redis_db_keys_by_size", "db0", "lists", "64"] == 1
    body = b"run_id:a\r\ndb0_distrib_zsets_items:1K=3,2M=4,x=5,7=y\r\n"
    found = series(told(body, collector=Info(databases=0, sizes=True)).samples)
    assert {key: value for key, value in found.items() if key[0] == "redis_db_keys_by_size"} == {
        ("redis_db_keys_by_size", "db0", "zsets", "1024"): 3,
        ("redis_db_keys_by_size", "db0", "zsets", "2097152"): 4,
    }


def test_a_sentinel_has_no_databases() -> None:
    body = (
        b"redis_mode:sentinel\r\nsentinel_masters:1\r\nsentinel_tilt:0\r\n"
        b"master0:name=mymaster,status=ok,address=127.0.0.1:6379,slaves=2,sentinels=3\r\n"
    )
    found = told(body)
    values = series(found.samples)
    assert found.memory.server.mode == "sentinel"
    assert values["redis_sentinel_master_status", "mymaster", "127.0.0.1:6379", "ok"] == 1
    assert values["redis_sentinel_master_slaves", "mymaster", "127.0.0.1:6379"] == 2
    assert not [key for key in values if key[0].startswith("redis_db")]


def test_the_time_of_the_start_does_not_tremble() -> None:
    clock = ManualClock(wall=1_000_000.4)

    class Timed(Info):
        pass

    Timed.clock = clock
    collector = Timed(databases=0)
    seen = []
    memory = collector.first()
    for uptime in (10, 11, 11, 13, 4):
        found = told(b"run_id:a\r\nuptime_in_seconds:%d\r\n" % uptime, memory, collector)
        memory = found.memory
        seen.append(series(found.samples)["redis_start_time_seconds",])
        clock.advance(1.0)
    assert seen == [999_990.0, 999_990.0, 999_990.0, 999_990.0, 1_000_000.0]


def test_a_server_that_knows_no_sections_is_asked_plainly_from_then_on() -> None:
    asked: list[Command] = []

    def answer(command: Command) -> Reply:
        asked.append(command)
        return reply("redis-6.2") if len(command) == 1 else Refusal("ERR", "ERR syntax error")

    first = talk(SIXTEEN, Server(), SIXTEEN.first(), answer)
    second = talk(SIXTEEN, Server(), first.memory, answer)
    assert asked == [("INFO", "ALL"), ("INFO",), ("INFO",)]
    assert second.samples


@pytest.mark.parametrize("refused", [DENIED, Refusal("LOADING", "LOADING Redis is loading the dataset in memory")])
def test_a_refusal_is_told_in_the_servers_words(refused: Refusal) -> None:
    with pytest.raises(Unsupported, match=refused.code):
        talk(SIXTEEN, Server(), SIXTEEN.first(), always(refused))


@pytest.mark.parametrize("wrong", [None, 7, [b"a"], b"no fields here", b"\r\n", b"a:1\r\n" * (LINES + 1)])
def test_what_is_no_info_is_malformed(wrong: Reply) -> None:
    with pytest.raises(Malformed):
        talk(SIXTEEN, Server(), SIXTEEN.first(), always(wrong))


@pytest.mark.parametrize("kind", KINDS)
def test_cluster_info_is_asked_where_info_does_not_hold_it(kind: str) -> None:
    info = told(reply(kind, "info_cluster"))
    collector = ClusterInfo()
    found = series(info.samples)
    if collector.needs(info.memory.server):
        first = talk(collector, info.memory.server, collector.first(), always(reply(kind, "cluster_info")))
        again = talk(collector, info.memory.server, first.memory, always(reply(kind, "cluster_info")))
        assert all(one is other for one, other in zip(first.samples, again.samples, strict=True))
        found |= series(first.samples)
    assert found["redis_cluster_state",] == 1
    assert found["redis_cluster_slots_assigned",] == 16384
    assert ("redis_cluster_messages_sent_total",) in found
    assert collector.needs(info.memory.server) == (kind != "valkey-9.1")
    assert not collector.needs(replace(info.memory.server, mode="standalone"))


@pytest.mark.parametrize("wrong", [None, 7, b"a:1\n" * 2000])
def test_what_is_no_cluster_info_is_malformed(wrong: Reply) -> None:
    with pytest.raises(Malformed):
        talk(ClusterInfo(), VALKEY, ClusterInfo().first(), always(wrong))


@pytest.mark.parametrize(
    ("text", "version"), [("7.2.4", (7, 2, 4)), ("8", (8, 0, 0)), ("9.0.0-rc1", (9, 0, 0)), ("", (0, 0, 0)), ("x.y", (0, 0, 0))]
)
def test_versions(text: str, version: tuple[int, int, int]) -> None:
    assert parse_version(text) == version


def test_a_server_that_says_little_is_a_standalone_redis() -> None:
    assert server_of({}) == Server()


def test_collectors_are_switched_off_by_a_word() -> None:
    chosen = Collectors.model_validate({"slowlog": "off", "acl": False, "info": "off", "latency": True})
    names = [collector.name for collector in chosen.enabled()]
    assert names[0] == "info"
    assert "slowlog" not in names
    assert "acl" not in names
    assert "latency" in names
