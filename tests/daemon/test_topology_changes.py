"""A hundred changes of a topology leave nothing behind; what happened is in the journal."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from kvmon.clock import ManualClock, SystemClock
from kvmon.daemon.following import Following
from kvmon.daemon.node_journal import NodeJournal
from kvmon.daemon.polling import PollLoop
from kvmon.journal.store import Journal
from kvmon.model.snapshot import Snapshot
from kvmon.model.targets.address import Address
from kvmon.model.targets.target import Node, Target
from kvmon.tell.exposition.board import Board
from kvmon.watch.collectors import Collectors
from kvmon.watch.wire import SimulatedConnection
from tests.servers.cluster import form
from tests.servers.server import Server
from tests.servers.waiting import until

INFO = (Path(__file__).parents[1] / "replies/valkey-9.1/info.txt").read_bytes()
ONLY_INFO = Collectors.model_validate({name: "off" for name in Collectors.model_fields if name != "info"})
SEED = Address("10.0.0.1")
TARGET = Target("it", (SEED,), interval=600.0, forget_after=60.0, topology="auto")


class Simulated(SimulatedConnection):
    """Every address is another process."""

    def _answer(self, command: tuple[object, ...]) -> object:  # type: ignore[override]
        if command[0] != "INFO":
            return super()._answer(command)  # type: ignore[arg-type]
        lines = [line for line in INFO.splitlines() if not line.startswith(b"run_id:")]
        return b"\r\n".join([*lines[:2], f"run_id:{self.node.address.port:040d}".encode(), *lines[2:], b""])


def primary_of(ports: range) -> dict[str, str]:
    replicas = {f"slave{place}": f"ip=10.0.0.2,port={port}" for place, port in enumerate(ports)}
    return {"role": "master", "connected_slaves": str(len(ports)), **replicas}


def polled(node: Node, facts: dict[str, str], *, up: bool = True) -> Snapshot:
    return Snapshot(node, at=0.0, duration=0.0, lateness=0.0, up=up, samples=(), facts=facts)


async def test_a_hundred_changes_leave_no_connections_tasks_or_series() -> None:
    clock, board, links = ManualClock(), Board(), list[Simulated]()

    def connect(of: Node) -> Simulated:
        links.append(Simulated(of, answers={}))
        return links[-1]

    polling = PollLoop(clock=SystemClock(), on_snapshot=board.put, on_forget=board.forget, connect=connect)
    following = Following(clock=clock, changed=lambda: polling.apply((node, ONLY_INFO) for node in following.nodes(TARGET)))
    following.take([TARGET])
    known = following._by_name["it"]
    polling.apply((node, ONLY_INFO) for node in following.nodes(TARGET))
    running = asyncio.create_task(polling.run())
    tasks: set[int] = set()
    try:
        for generation in range(100):
            clock.advance(100.0)
            following.seen(polled(Node(TARGET, SEED), primary_of(range(7000 + 5 * generation, 7005 + 5 * generation))))
            async with asyncio.TaskGroup() as group:
                following._look(group)
            assert len(following.nodes(TARGET)) == 6
            async with asyncio.timeout(60):
                while board.size < 6 or sum(link.connected for link in links) != 6:  # noqa: ASYNC110 - plain values
                    await asyncio.sleep(0.001)
            tasks.add(len(asyncio.all_tasks()))
        assert len(links) == 501
        assert board.size == 6
        assert max(tasks) - min(tasks) <= 3, "tasks that end are under way at most"
        members = known._members
        assert (len(members.found), len(members.runs) <= 6, len(known._roles) <= 6) == (5, True, True)
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


async def test_a_cluster_is_asked_again_and_again_over_one_connection(start_server: Callable[..., Server]) -> None:
    server = start_server(cluster=True)
    form([server])
    target = Target("it", (Address("127.0.0.1", server.port),), timeout=20.0, topology="cluster")
    clock = ManualClock()
    following = Following(clock=clock, changed=lambda: None)
    following.take([target])
    known = following._by_name["it"]
    following.seen(polled(target.nodes[0], {"role": "master", "cluster_enabled": "1"}))
    ended = 0
    for _ in range(20):
        async with asyncio.TaskGroup() as group:
            known.start(group, lambda: None)
        ended += known._asking is not None and known._asking.answered == clock.monotonic()
        clock.advance(10.0)

    def connections() -> int:
        return sum("name=kvmon" in line for line in server.command("CLIENT", "LIST").splitlines())

    assert (ended, connections()) == (20, 1)
    known.stop()
    await asyncio.sleep(0)
    until(lambda: connections() == 0, what="the connection closed")


async def test_what_happens_to_nodes_is_kept(tmp_path: Path) -> None:
    journal = Journal.open(tmp_path)
    settings: list[dict[str, str]] = [{}]
    events = NodeJournal(journal, clock=ManualClock(), settings=lambda _: settings[-1])
    running = asyncio.create_task(events.run())
    a, b = Node(TARGET, SEED), Node(TARGET, Address("10.0.0.2", 7000))
    try:
        events.nodes([("it", frozenset({a.instance}))])
        events.nodes([("it", frozenset({a.instance, b.instance}))])
        events.seen(polled(b, {"role": "slave", "run_id": "one"}))
        events.seen(polled(b, {}, up=False))
        events.seen(polled(b, {"role": "master", "run_id": "one"}))
        settings.append({"timeout": "0", "save": "3600 1"})
        events.seen(polled(b, {"role": "master", "run_id": "two", "redis_version": "7.2.4"}))
        settings.append({"timeout": "30", "save": "3600 1", "appendonly": "no"})
        events.seen(polled(b, {"role": "master", "run_id": "two", "redis_version": "8.0.1"}))
        settings.append({"maxmemory": "100"})
        events.seen(polled(b, {"role": "master", "run_id": "two", "redis_version": "8.0.1", "maxmemory": "100"}))
        settings.append({"maxmemory": "0"})
        events.seen(polled(b, {"role": "master", "run_id": "two", "redis_version": "8.0.1", "maxmemory": "0"}))
        settings.append({})
        events.seen(polled(b, {"role": "master", "run_id": "two", "redis_version": "8.0.1", "maxmemory": "0"}))
        events.nodes([("it", frozenset({b.instance}))])
        events.nodes([])
        found: list[tuple[Any, ...]] = []
        async with asyncio.timeout(60):
            while len(found) < 7:
                await asyncio.sleep(0.01)
                found = list(await journal.read("SELECT kind, target, node, text FROM events ORDER BY id"))
        assert [tuple(row) for row in found] == [
            ("node_found", "it", b.instance, f"{b.instance} was found"),
            ("role_change", "it", b.instance, f"{b.instance} went from replica to primary"),
            ("restart", "it", b.instance, f"{b.instance} was restarted"),
            ("version", "it", b.instance, f"{b.instance} runs version 8.0.1 instead of 7.2.4"),
            ("config", "it", b.instance, f"{b.instance} had timeout changed from '0' to '30'"),
            ("config", "it", b.instance, f"{b.instance} had maxmemory changed from '100' to '0'"),
            ("node_gone", "it", a.instance, f"{a.instance} is announced no more"),
        ]
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
        await journal.close()


@pytest.mark.parametrize("targets", [0, 1_000])
async def test_who_follows_servers_that_are_alone_sleeps(targets: int) -> None:
    following = Following(clock=SystemClock(), changed=lambda: None)
    every = [Target(f"t{number}", (Address("10.0.0.1", number + 1),), topology="auto") for number in range(targets)]
    following.take(every)
    for target in every:
        following.seen(polled(target.nodes[0], {"role": "master"}))
    assert following._rest() is None
