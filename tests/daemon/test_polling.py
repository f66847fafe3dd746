"""The loop: everybody in time, whatever their neighbours do, and bugs out loud."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from kvmon.clock import SystemClock
from kvmon.daemon.polling import PollLoop
from kvmon.daemon.roundsman import AT_ONCE, Rounds, phase
from kvmon.daemon.supervise import LoopEnded, supervise
from kvmon.daemon.turnstile import APART
from kvmon.model.snapshot import Snapshot
from kvmon.model.targets.address import Address
from kvmon.model.targets.target import Node, Target
from kvmon.watch.collectors import Collectors
from kvmon.watch.poller import NodePoller
from kvmon.watch.wire import SimulatedConnection
from tests.servers.hostile import listening, silence
from tests.servers.server import Server
from tests.servers.waiting import until

INFO = (Path(__file__).parents[1] / "replies/valkey-9.1/info.txt").read_bytes()
ONLY_INFO = Collectors.model_validate({name: "off" for name in Collectors.model_fields if name != "info"})
GENEROUS = 60.0


def node(name: str, port: int = 1, **more: float) -> Node:
    return Target(name, (Address("127.0.0.1", port),), **{"interval": 0.1, **more}).nodes[0]  # type: ignore[arg-type]


class Simulated(SimulatedConnection):
    """Answers INFO, however it is worded; hangs where `hangs` says so."""

    def __init__(self, of: Node) -> None:
        super().__init__(of, answers={})
        self.hangs = False

    def _answer(self, command: tuple[object, ...]) -> object:  # type: ignore[override]
        return INFO if command[0] == "INFO" else super()._answer(command)  # type: ignore[arg-type]

    async def ask(self, commands: object, timeout: float) -> list[object]:  # type: ignore[override]  # noqa: ASYNC109
        if self.hangs:
            await asyncio.Event().wait()
        return await super().ask(commands, timeout)  # type: ignore[arg-type,return-value]


class Watched:
    """A running loop and what it gave."""

    def __init__(self, connect: Callable[[Node], Simulated] | None = Simulated) -> None:
        self.snapshots: list[Snapshot] = []
        self.forgotten: list[tuple[str, str]] = []
        self.links: list[Simulated] = []
        made: Callable[[Node], Any] | None = self._made if connect is Simulated else None
        self.loop = PollLoop(
            clock=SystemClock(), on_snapshot=self.snapshots.append, on_forget=self.forgotten.append,
            connect=made,
        )  # fmt: skip

    def _made(self, of: Node) -> Simulated:
        self.links.append(Simulated(of))
        return self.links[-1]

    def polls(self, up: bool = True) -> Counter[str]:
        return Counter(snapshot.node.target.name for snapshot in self.snapshots if snapshot.up is up)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(supervise([self.loop]))
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task


async def eventually(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(GENEROUS):
        while not condition():  # noqa: ASYNC110 - what is waited for are plain values
            await asyncio.sleep(0.01)


async def test_a_real_server_is_polled_again_and_again_on_one_connection(valkey: Server) -> None:
    watched = Watched(None)
    watched.loop.apply([(node("it", valkey.port, timeout=20.0), Collectors())])
    async with watched.running():
        await eventually(lambda: watched.polls()["it"] >= 5)
    assert not watched.polls(up=False)
    assert [snapshot.round_trips for snapshot in watched.snapshots[2:]] == [1] * (len(watched.snapshots) - 2)
    until(lambda: "name=kvmon" not in valkey.command("CLIENT", "LIST"), what="connections closed with the loop")


async def test_hung_servers_do_not_delay_the_others() -> None:
    with listening(silence) as port:
        watched = Watched(None)
        with Server("valkey-wheel") as server:
            good = [node(f"good{place}", server.port, interval=1.0, timeout=20.0) for place in range(90)]
            hung = [node(f"hung{place}", port, interval=1.0, timeout=600.0) for place in range(10)]
            watched.loop.apply([(each, ONLY_INFO) for each in [*hung, *good]])
            async with watched.running():
                await eventually(lambda: len(watched.polls()) == 90 and min(watched.polls().values()) >= 4)
                # The hung ones are still in their first poll: nobody waited for them.
                assert not watched.polls(up=False)
                own = {sample.spec.name: sample.value for sample in watched.loop.own_samples()}
    assert own["kvmon_nodes"] == 100
    assert own["kvmon_polls_running"] >= 10
    assert own["kvmon_polls_skipped_total"] >= 10, "a poll under way is not started twice"


async def test_a_reload_keeps_what_is_the_same_and_forgets_what_is_gone() -> None:
    watched = Watched()
    kept, gone, changed = node("kept"), node("gone"), node("changed")
    watched.loop.apply([(each, ONLY_INFO) for each in (kept, gone, changed)])
    async with watched.running():
        await eventually(lambda: len(watched.polls()) == 3)
        watched.loop.apply([(kept, ONLY_INFO), (node("changed", timeout=9.0), ONLY_INFO), (node("new"), ONLY_INFO)])
        await eventually(lambda: watched.polls()["new"])
        count = watched.polls()
        await eventually(lambda: watched.polls()["kept"] >= count["kept"] + 3)
        assert watched.polls()["gone"] == count["gone"]
    assert watched.forgotten == [gone.key]
    made = Counter(link.node.target.name for link in watched.links)
    assert made == {"kept": 1, "gone": 1, "changed": 2, "new": 1}
    assert all(link.connects == 1 for link in watched.links)
    assert not any(link.connected for link in watched.links)


async def test_whoever_scrapes_polls_what_is_due_and_waits_no_longer_than_asked() -> None:
    watched = Watched()
    watched.loop.on_scrape = True
    names = ("one", "two", "hung")
    watched.loop.apply([(node(name, interval=3600.0, timeout=600.0), ONLY_INFO) for name in names])
    async with watched.running():
        await watched.loop.poll_due({"one", "two"}, within=GENEROUS)
        assert watched.polls()["one"] == watched.polls()["two"] == 1
        await watched.loop.poll_due({"one", "two"}, within=GENEROUS)
        assert watched.polls()["one"] == 1, "it was polled a moment ago"
        watched.loop.apply([(node(name, interval=0.002, timeout=600.0), ONLY_INFO) for name in names])
        await watched.loop.poll_due(None, within=GENEROUS)
        next(link for link in reversed(watched.links) if link.node.target.name == "hung").hangs = True
        count = watched.polls()
        await asyncio.sleep(0.01)
        await asyncio.wait_for(watched.loop.poll_due(None, within=0.2), GENEROUS)
        assert watched.polls()["one"] > count["one"]
        assert watched.polls()["hung"] <= count["hung"] + 1, "it is waited for no longer than said"


async def test_what_nobody_scrapes_is_polled_at_half_the_rate() -> None:
    watched = Watched()
    watched.loop.on_scrape = True
    watched.loop.apply([(node("it", interval=0.2), ONLY_INFO)])
    async with watched.running():
        await eventually(lambda: watched.polls()["it"] >= 4)
    starts = [snapshot.at for snapshot in watched.snapshots]
    assert min(after - before for before, after in pairwise(starts)) > 0.25, "an interval and a half, but for the clock's grain"


async def test_a_node_that_hangs_can_be_taken_away() -> None:
    watched = Watched()
    watched.loop.apply([(node("it"), ONLY_INFO)])
    async with watched.running():
        await eventually(lambda: watched.polls()["it"])
        watched.links[0].hangs = True
        asked = asyncio.create_task(watched.loop.poll_now(node("it")))
        await asyncio.sleep(0)
        watched.loop.apply([])
        with pytest.raises(KeyError):
            await asyncio.wait_for(asked, GENEROUS)
        await eventually(lambda: not watched.links[0].connected)


async def test_poll_now_does_not_wait_for_the_turn_and_joins_a_poll_under_way() -> None:
    watched = Watched()
    it = node("it", interval=3600.0)
    watched.loop.apply([(it, ONLY_INFO)])
    async with watched.running():
        await eventually(lambda: watched.polls()["it"])
        one, other = await asyncio.gather(watched.loop.poll_now(it), watched.loop.poll_now(it))
    assert one is other
    assert one.up
    assert watched.polls()["it"] == 2


async def test_a_bug_in_a_poll_ends_everything_loudly() -> None:
    def broken(_: Snapshot) -> None:
        raise ZeroDivisionError

    loop = PollLoop(clock=SystemClock(), on_snapshot=broken, connect=Simulated)  # type: ignore[arg-type]
    loop.apply([(node("it"), ONLY_INFO)])
    with pytest.raises(ExceptionGroup) as caught:
        await asyncio.wait_for(supervise([loop]), GENEROUS)
    assert caught.group_contains(ZeroDivisionError)


async def test_a_bug_in_the_tick_ends_everything_loudly(monkeypatch: pytest.MonkeyPatch) -> None:
    watched = Watched()

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(watched.loop._rounds, "due", broken)
    watched.loop.apply([(node("it"), ONLY_INFO)])
    with pytest.raises(ExceptionGroup) as caught:
        await asyncio.wait_for(supervise([watched.loop]), GENEROUS)
    assert caught.group_contains(ZeroDivisionError)


async def test_a_loop_that_returns_ends_the_others() -> None:
    class Short:
        async def run(self) -> None: ...

    watched = Watched()
    with pytest.raises(ExceptionGroup) as caught:
        await asyncio.wait_for(supervise([watched.loop, Short()]), GENEROUS)  # type: ignore[list-item]
    assert caught.group_contains(LoopEnded)


@pytest.mark.slow
async def test_a_calendar_that_oversleeps_is_woken() -> None:
    watched = Watched()
    watched.loop.apply([(node("it"), ONLY_INFO)])
    async with watched.running():
        await eventually(lambda: watched.polls()["it"])
        # As when the wall clock is set back by an hour: what was planned lies far ahead then.
        calendar = watched.loop._calendar
        assert calendar is not None
        assert calendar._job is not None
        calendar._job.modify(next_run_time=datetime.now(UTC) + timedelta(hours=1))
        count = watched.polls()["it"]
        await eventually(lambda: watched.polls()["it"] >= count + 3)


async def test_without_nodes_the_loop_waits_for_some() -> None:
    watched = Watched()
    async with watched.running():
        await eventually(lambda: watched.loop._calendar)
        watched.loop.apply([(node("it"), ONLY_INFO)])
        await eventually(lambda: watched.polls()["it"] >= 2)


def poller(name: str, interval: float) -> NodePoller:
    of = node(name, interval=interval)
    return NodePoller(of, ONLY_INFO, clock=SystemClock(), connect=Simulated)  # type: ignore[arg-type]


def test_turns_come_once_in_an_interval_and_keep_their_phase() -> None:
    rounds = Rounds()
    for place in range(50):
        rounds.add(poller(f"n{place}", 15.0), now=1000.0, place=place, of=50)
    due: dict[str, list[float]] = {}
    now = 1000.0
    while now < 1000.0 + 15 * 10:
        for found, at in rounds.due(now):
            due.setdefault(found.poller.node.target.name, []).append(at)
        assert rounds.head is not None
        now = rounds.head
    for name, times in due.items():
        assert 1000.0 <= times[0] < 1000.0 + 50 * APART
        assert 7.5 <= times[1] - times[0] <= 22.5
        gaps = [after - before for before, after in pairwise(times[1:])]
        assert gaps == pytest.approx([15.0] * len(gaps))
        assert times[1] % 15.0 == pytest.approx(phase(node(name).key) * 15.0)


def test_thousands_of_nodes_begin_at_an_even_pace_however_short_their_interval() -> None:
    rounds = Rounds()
    for place in range(400):
        rounds.add(poller(f"n{place}", 1.0), now=0.0, place=place, of=400)
    begun = sum(len(rounds.due(1.0)) for _ in range(400 // AT_ONCE))
    assert begun == pytest.approx(1.0 / APART, abs=1)


def test_who_is_late_begins_in_order_and_not_all_at_once() -> None:
    rounds = Rounds()
    for place in range(2 * AT_ONCE):
        rounds.add(poller(f"n{place}", 15.0), now=0.0, place=place, of=2 * AT_ONCE)
    first, second, third = (rounds.due(10.0) for _ in range(3))
    assert [len(first), len(second), len(third)] == [AT_ONCE, AT_ONCE, 0]
    times = [due for _, due in first + second]
    assert times == sorted(times)


def test_a_single_node_is_polled_at_once() -> None:
    rounds = Rounds()
    rounds.add(poller("it", 15.0), now=1000.0, place=0, of=1)
    assert rounds.head == 1000.0


def test_missed_turns_are_not_made_up_for() -> None:
    rounds = Rounds()
    rounds.add(poller("it", 15.0), now=1000.0, place=0, of=1)
    assert len(rounds.due(1000.0)) == 1
    assert len(rounds.due(1500.0)) == 1
    assert rounds.head is not None
    assert 1500.0 < rounds.head <= 1522.5
