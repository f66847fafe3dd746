"""Both clients with the real daemon and a real server, killed in turn; and with nobody at all."""

from __future__ import annotations

import asyncio
import gc
import json
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest
from kvmon_client import AsyncClient, BreakerOpen, Client, Verdict

from tests.client.doubles import breaker, document
from tests.servers.daemon import Daemon
from tests.servers.hostile import Behaviour, endless_line, garbage, listening, silence
from tests.servers.ports import free_port
from tests.servers.server import Server
from tests.servers.waiting import until

Start = Callable[..., Daemon]


class Ahead:
    """A monotonic clock that can be put forward, so that a lease ends without anybody waiting for it."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.seconds


def probing(server: Server, **more: object) -> dict[str, object]:
    probe = {"timeout": "10s", "interval": "500ms", "write_every": "500ms"}
    return {"targets": [{"name": "it", "url": server.url, "probe": probe}], **more}


def state(client: Client | AsyncClient, op: str = "read") -> str:
    return client.verdict("it", op).state


def test_breakers_are_followed_and_without_the_daemon_they_become_unknown(valkey: Server, start_daemon: Start) -> None:
    daemon = start_daemon(probing(valkey))
    clock = Ahead()
    heard: list[tuple[str, str, str]] = []
    with Client(daemon.url, clock=clock) as client:
        client.watch(lambda before, after: heard.append((after.op, before.state, after.state)))
        assert client.wait(60)
        until(lambda: state(client) == state(client, "write") == "closed", what="both closed")
        valkey.config_set("maxmemory-policy", "noeviction")
        valkey.config_set("maxmemory", "1")
        until(lambda: not client.allow("it", "write"), what="writing denied")
        with pytest.raises(BreakerOpen, match="oom"), client.guard("it", "write"):
            pass
        assert client.allow("it", "read")
        daemon.process.kill()
        assert not client.allow("it", "write"), "the lease still runs"
        clock.seconds += 11
        assert (state(client, "write"), client.allow("it", "write"), client.known) == ("unknown", True, False)
        until(lambda: ("write", "open", "unknown") in heard, what="the watcher hears of the end of the lease")
        again = start_daemon(probing(valkey), port=daemon.port)
        until(lambda: state(client, "write") == "open", what="followed again")
        assert again.port == daemon.port
        valkey.config_set("maxmemory", "0")
        until(lambda: state(client, "write") == "closed", what="writing allowed again")
    assert ("write", "closed", "open") in heard


async def test_the_other_client_does_the_same_in_a_task(valkey: Server, start_daemon: Start) -> None:
    daemon = await asyncio.to_thread(start_daemon, probing(valkey))
    clock = Ahead()
    async with AsyncClient(daemon.url, clock=clock) as client:
        assert await client.wait(60)
        await reach(lambda: state(client, "write") == "closed")
        await asyncio.to_thread(valkey.kill)
        await reach(lambda: not client.allow("it", "read") and not client.allow("it", "write"))
        with pytest.raises(BreakerOpen):
            async with client.guard("it", "read"):
                pass
        daemon.process.kill()
        clock.seconds += 11
        assert client.allow("it", "read")
        assert not await client.wait(0.01)
    assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("kvmon")]


async def reach(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - it waits for another process
            await asyncio.sleep(0.02)


def test_the_file_alone_is_enough(valkey: Server, start_daemon: Start, tmp_path: Path) -> None:
    daemon = start_daemon(probing(valkey, state_dir=str(tmp_path)))
    clock = Ahead()
    with Client("", file=tmp_path / "breakers.json", clock=clock) as client:
        until(lambda: state(client) == "closed", what="read from the file")
        valkey.kill()
        until(lambda: not client.allow("it"), what="denied by the file")
        daemon.process.kill()
        daemon.process.wait(20)
        clock.seconds += 11
        until(lambda: state(client) == "unknown", what="a file that is written no more")
        assert client.allow("it")


def test_without_a_daemon_the_policy_decides_and_nothing_waits_or_raises() -> None:
    with Client(f"http://127.0.0.1:{free_port()}", reports=True) as client:
        assert client.allow("it", "write")
        with client.guard("it", "write", key="a"):
            pass
        assert not client.wait(0.01)
        assert client.verdict("it") == Verdict("it", "read")
    with Client(f"http://127.0.0.1:{free_port()}", file="/nowhere/breakers.json", when_unknown="deny") as wary:
        assert not wary.allow("it", "write")


@pytest.mark.parametrize("behaviour", [silence, garbage, endless_line], ids=lambda behaviour: behaviour.__name__)
def test_whatever_answers_in_place_of_the_daemon_harms_nobody(behaviour: Behaviour) -> None:
    with listening(behaviour) as port, Client(f"http://127.0.0.1:{port}", reports=True) as client:
        client.record("it", "read", "ok", 0.001)
        assert client.allow("it")
        begun = time.monotonic()
        client.close()
        client.close()
    assert time.monotonic() - begun < 30, "three seconds are promised; a slow machine gets more"


def test_outcomes_reach_the_daemon_also_the_last_ones(valkey: Server, start_daemon: Start) -> None:
    daemon = start_daemon(probing(valkey))
    with Client(daemon.url, reports=True) as client:
        until(lambda: state(client) == "closed", what="followed")
        for _ in range(3):
            with client.guard("it", "read"):
                pass
        with pytest.raises(TimeoutError), client.guard("it", "write", key="any"):
            raise TimeoutError
        until(lambda: client._outcomes.sent >= 4, what="sent within a second or so")
        with client.guard("it", "read"):
            pass
    assert (client._outcomes.sent, client.dropped) == (5, 0)
    assert [s for s in daemon.samples("kvmon_breaker_reports_total") if s.labels["result"] != "accepted" and s.value] == []
    assert (daemon.value("kvmon_breaker_reports_total", result="accepted") or 0) >= 2
    daemon.until("kvmon_breaker_reporters", 1, target="it", op="read")


def test_an_address_in_the_environment_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KVMON_URL", "http://kvmon.example:1234")
    monkeypatch.setenv("KVMON_TOKEN", "secret")
    client = AsyncClient()
    assert repr(client._server) == "http://kvmon.example:1234"
    assert client._reports


def test_a_client_that_nobody_keeps_ends_its_threads() -> None:
    before = threading.active_count()
    client = Client(f"http://127.0.0.1:{free_port()}", reports=True)
    assert threading.active_count() == before + 2
    del client
    gc.collect()
    until(lambda: threading.active_count() == before, what="its threads end")


def in_child(client: Client, answers: Connection) -> None:
    first = client.allow("it", "read")
    followed = client.wait(30) and any(thread.name == "kvmon-follow" for thread in threading.enumerate())
    client.record("it", "read", "ok", 0.001)
    batch = client._outcomes.batch()
    answers.send((first, followed, json.loads(batch.body) if batch else None))
    client.close()


@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")  # it is what is tested
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_fork_keeps_what_is_known_follows_by_itself_and_counts_for_itself(start_daemon: Start) -> None:
    daemon = start_daemon({"targets": [{"name": "it", "url": "redis://127.0.0.1:1", "probe": "on"}]})
    with Client(daemon.url, reports=True) as client:
        until(lambda: not client.allow("it"), what="nobody listens there")
        client.record("it", "read", "timeout", 1.0)
        ours, theirs = multiprocessing.Pipe()
        child = multiprocessing.get_context("fork").Process(target=in_child, args=(client, theirs))
        child.start()
        assert ours.poll(60)
        first, followed, body = ours.recv()
        child.join(60)
    assert (first, followed, child.exitcode) == (False, True, 0)
    assert [(row["class"], row["count"]) for row in body["outcomes"]] == [("ok", 1)]
    assert body["reporter"] != client._outcomes.reporter


def test_the_threads_keep_no_program_from_ending(start_daemon: Start) -> None:
    daemon = start_daemon({"targets": [{"name": "it", "url": "redis://127.0.0.1:1"}]})
    code = f"from kvmon_client import Client; c = Client({daemon.url!r}); print(c.wait(60))"
    assert run_python(code) == "True\n"


def run_python(code: str) -> str:
    import subprocess
    import sys

    source = Path(__file__).parents[2] / "clients" / "python" / "src"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], env={**os.environ, "PYTHONPATH": str(source)},
        capture_output=True, text=True, timeout=120, check=True,
    )  # fmt: skip
    assert done.stderr == ""
    return done.stdout


@pytest.mark.slow
def test_a_stopped_daemon_is_given_up_and_its_return_noticed(valkey: Server, start_daemon: Start) -> None:
    daemon = start_daemon(probing(valkey))
    clock = Ahead()
    with Client(daemon.url, clock=clock) as client:
        until(lambda: state(client) == "closed", what="followed")
        daemon.process.send_signal(signal.SIGSTOP)
        try:
            clock.seconds += 11
            assert state(client) == "unknown"
        finally:
            daemon.process.send_signal(signal.SIGCONT)
        until(lambda: state(client) != "unknown", what="followed again")


def test_asking_takes_a_microsecond(capsys: pytest.CaptureFixture[str]) -> None:
    client: Any = AsyncClient("")
    shards = [breaker(op=op, shard=f"s{n}", slots=[[n * 1000, n * 1000 + 999]]) for op in ("read", "write") for n in range(16)]
    client._board.snapshot(document(1, *shards))
    client._board.renew(3600)

    def cost(**question: str) -> float:
        def once() -> float:
            begun = time.perf_counter()
            for _ in range(2_000):
                client.allow("it", "write", **question)
            return (time.perf_counter() - begun) / 2_000

        return min(once() for _ in range(50))

    plain, by_key = cost(), cost(key="user:1234")
    with capsys.disabled():
        print(f"\nallow(): {1e6 * plain:.2f} µs, with a key {1e6 * by_key:.2f} µs")  # noqa: T201 - a promised number
    assert plain < 20e-6, "1 µs is promised; a slow machine gets more"
