"""A connection against real servers."""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from kvmon.errors import ConnectionLost, Denied, TargetError, Timeout, Unreachable
from kvmon.model.conversation import Refusal
from kvmon.model.targets.target import Credentials
from kvmon.watch.wire import Connection
from tests.servers.server import Server
from tests.watch.wire.conftest import PATIENCE


async def test_a_pipeline_is_answered_in_order_in_one_round_trip(server: Server, connection: Callable[..., Connection]) -> None:
    wire = connection(server.port)
    await wire.connect(PATIENCE)
    before = wire.round_trips

    info, pong, refusal, length = await wire.ask([("INFO", "all"), ("PING",), ("NOSUCH", 1), ("SLOWLOG", "LEN")], PATIENCE)

    assert isinstance(info, bytes)
    assert b"used_memory:" in info
    assert pong == b"PONG"
    assert isinstance(refusal, Refusal)
    assert refusal.reason == "unknown_command"
    assert length == 0
    assert (wire.round_trips - before, wire.connects, wire.connected) == (1, 1, True)
    assert wire.bytes_in > len(info) > 1000
    assert wire.bytes_out > 0


async def test_the_connection_has_a_name_and_leaves_no_refused_command(
    server: Server, connection: Callable[..., Connection]
) -> None:
    wire = connection(server.port)
    await wire.connect(PATIENCE)
    name, stats = await wire.ask([("CLIENT", "GETNAME"), ("INFO", "stats")], PATIENCE)
    assert name == b"kvmon"
    assert isinstance(stats, bytes)
    assert b"total_error_replies:0\r\n" in stats


async def test_no_commands_are_answered_by_no_replies(valkey: Server, connection: Callable[..., Connection]) -> None:
    wire = connection(valkey.port)
    await wire.connect(PATIENCE)
    assert await wire.ask([], PATIENCE) == []


async def test_a_password_is_wanted_wrong_and_right(
    start_server: Callable[..., Server], connection: Callable[..., Connection]
) -> None:
    server = start_server(password="se%cret@:/")
    for password in (None, "wrong-guess"):
        wire = connection(server.port, credentials=Credentials(password=password))
        with pytest.raises(Denied) as caught:
            await wire.connect(PATIENCE)
        assert caught.value.reason == "auth"
        assert not wire.connected
        assert "wrong-guess" not in str(caught.value)
        assert f"cache (127.0.0.1:{server.port})" in str(caught.value)
    wire = connection(server.port, credentials=Credentials(password="se%cret@:/"))
    await wire.connect(PATIENCE)
    assert await wire.ask([("PING",)], PATIENCE) == [b"PONG"]


async def test_a_user_with_few_rights_is_let_in(
    start_server: Callable[..., Server], connection: Callable[..., Connection]
) -> None:
    server = start_server(users={"watcher": "on >pw +info"})
    wire = connection(server.port, credentials=Credentials("watcher", "pw"))
    await wire.connect(PATIENCE)
    info, config = await wire.ask([("INFO", "server"), ("CONFIG", "GET", "*")], PATIENCE)
    assert isinstance(info, bytes)
    assert b"redis_version" in info
    assert isinstance(config, Refusal)
    assert config.reason == "noperm"


async def test_a_rotated_password_is_read_from_its_file_again(
    start_server: Callable[..., Server], connection: Callable[..., Connection], tmp_path: Path
) -> None:
    server = start_server(password="first")
    file = tmp_path / "password"
    file.write_text("first\n")
    wire = connection(server.port, credentials=Credentials(password_file=str(file)))
    await wire.connect(PATIENCE)
    server.change_password("second")
    with pytest.raises(ConnectionLost):
        await wire.ask([("PING",)], PATIENCE)
    with pytest.raises(Denied):
        await wire.connect(PATIENCE)
    file.write_text("second\n")
    await wire.connect(PATIENCE)
    assert await wire.ask([("PING",)], PATIENCE) == [b"PONG"]


async def test_a_refused_password_is_read_again_even_where_the_file_looks_unchanged(
    start_server: Callable[..., Server], connection: Callable[..., Connection], tmp_path: Path
) -> None:
    server = start_server(password="first")
    file = tmp_path / "password"
    file.write_text("first")
    stat = file.stat()
    wire = connection(server.port, credentials=Credentials(password_file=str(file)))
    await wire.connect(PATIENCE)
    server.change_password("other")
    file.write_text("other")
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    await wire.connect(PATIENCE)
    assert await wire.ask([("PING",)], PATIENCE) == [b"PONG"]


async def test_a_missing_password_file_is_named(valkey: Server, connection: Callable[..., Connection]) -> None:
    wire = connection(valkey.port, credentials=Credentials(password_file="/nowhere/password"))
    with pytest.raises(Denied, match="/nowhere/password"):
        await wire.connect(PATIENCE)


async def test_a_unix_socket(start_server: Callable[..., Server], connection: Callable[..., Connection]) -> None:
    folder = Path(tempfile.mkdtemp(prefix="kv-"))  # short: a socket's path has about a hundred bytes
    try:
        start_server(settings={"unixsocket": f"{folder}/s"})
        wire = connection(path=f"{folder}/s")
        await wire.connect(PATIENCE)
        assert await wire.ask([("PING",)], PATIENCE) == [b"PONG"]
        with pytest.raises(Unreachable) as caught:
            await connection(path=f"{folder}/none").connect(PATIENCE)
        assert caught.value.reason == "refused"
    finally:
        shutil.rmtree(folder)


async def test_a_server_that_hangs_is_a_timeout_and_the_connection_is_closed(
    valkey: Server, connection: Callable[..., Connection]
) -> None:
    wire = connection(valkey.port)
    await wire.connect(PATIENCE)
    valkey.pause()
    with pytest.raises(Timeout) as caught:
        await wire.ask([("PING",)], 0.2)
    assert caught.value.reason == "timeout"
    assert not wire.connected
    with pytest.raises(TargetError) as again:
        await wire.connect(0.2)
    assert again.value.reason == "timeout"
    valkey.resume()
    await wire.connect(PATIENCE)
    assert await wire.ask([("ECHO", "new")], PATIENCE) == [b"new"]


async def test_a_server_that_was_killed_is_a_lost_connection(valkey: Server, connection: Callable[..., Connection]) -> None:
    wire = connection(valkey.port)
    await wire.connect(PATIENCE)
    valkey.kill()
    with pytest.raises(ConnectionLost) as caught:
        await wire.ask([("PING",)], PATIENCE)
    assert caught.value.reason == "closed"
    assert not wire.connected


async def test_a_port_where_nothing_listens(connection: Callable[..., Connection]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        with pytest.raises(Unreachable) as caught:
            await connection(taken.getsockname()[1]).connect(PATIENCE)
    assert caught.value.reason == "refused"


async def test_a_server_without_room_says_so(start_server: Callable[..., Server], connection: Callable[..., Connection]) -> None:
    server = start_server(settings={"maxclients": "1"})
    first = connection(server.port)
    # The client of the fixture that waited for the server may still be counted.
    async with asyncio.timeout(PATIENCE):
        while not first.connected:
            try:
                await first.connect(PATIENCE)
            except TargetError:
                await asyncio.sleep(0.05)
    with pytest.raises(Denied) as caught:
        await connection(server.port).connect(PATIENCE)
    assert caught.value.reason == "maxclients"


async def test_a_cancelled_question_closes_the_connection(valkey: Server, connection: Callable[..., Connection]) -> None:
    wire = connection(valkey.port)
    await wire.connect(PATIENCE)
    task = asyncio.create_task(wire.ask([("BLPOP", "nothing", 0)], PATIENCE))
    await asyncio.sleep(0)  # the task runs up to its first wait, which is for the answer
    assert wire.round_trips == 2
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not wire.connected


async def test_a_name_that_does_not_exist(connection: Callable[..., Connection]) -> None:
    for host in ("no-such-host.invalid", "a" * 70 + ".invalid"):
        with pytest.raises(Unreachable) as caught:
            await connection(6379, host=host).connect(PATIENCE)
        assert caught.value.reason == "dns"


async def test_a_resolver_that_hangs_holds_up_nothing(
    connection: Callable[..., Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = threading.Event()
    lookups: list[object] = []

    def hang(*_: object, **__: object) -> list[object]:
        lookups.append(_)
        answer.wait(PATIENCE)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    wires = [connection(6379, host="slow.example") for _ in range(3)]
    results = await asyncio.gather(*(wire.connect(0.1) for wire in wires), return_exceptions=True)
    assert [getattr(result, "reason", result) for result in results] == ["timeout"] * 3
    assert len(lookups) == 1
    waiting = asyncio.create_task(wires[0].connect(PATIENCE))
    await asyncio.sleep(0)
    answer.set()
    with pytest.raises(Unreachable) as caught:
        await waiting
    assert caught.value.reason == "dns"


async def test_a_name_is_looked_up(valkey: Server, connection: Callable[..., Connection]) -> None:
    wire = connection(valkey.port, host="localhost")
    await wire.connect(PATIENCE)
    assert wire.connected


async def test_a_bug_stays_a_bug(valkey: Server, connection: Callable[..., Connection]) -> None:
    wire = connection(valkey.port)
    await wire.connect(PATIENCE)
    with pytest.raises(TypeError):
        await wire.ask([("GET", None)], PATIENCE)  # type: ignore[list-item]  # that is the bug


async def test_asking_without_a_connection(connection: Callable[..., Connection]) -> None:
    with pytest.raises(ConnectionLost):
        await connection(1).ask([("PING",)], PATIENCE)
