"""Slow commands are pushed once each, whatever is restarted meanwhile."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from kvmon.clock import ManualClock
from kvmon.daemon.slow_log import KEPT, OLDEST, SlowLog
from kvmon.journal.store import Journal
from kvmon.watch.collectors.slowlog_entries import Entry, Seen
from tests.servers.daemon import Daemon
from tests.servers.server import Server
from tests.servers.waiting import until
from tests.tell.examples import node
from tests.tell.sinks.datadog.listener import Listener

NODE = node()


def entry(number: int) -> Entry:
    return Entry(number, 1, 0.5, "get", 1)


def seen(last: int, *fresh: int, missed: int = 0, run_id: str = "a") -> Seen:
    return Seen(run_id, last, missed=missed, fresh=tuple(entry(number) for number in fresh))


async def journal(folder: Path) -> Journal:
    return Journal.open(folder)


async def test_a_cursor_moves_only_with_what_was_pushed(tmp_path: Path) -> None:
    clock = ManualClock()
    before = await journal(tmp_path)
    log = SlowLog(before, clock=clock)
    await log.load()
    assert log.remembered(NODE.key) == {}
    log.keep(for_a_push=True)
    log.seen(NODE, seen(3))
    log.drain()
    log.pushed()
    log.seen(NODE, first := seen(5, 5, 4))
    log.seen(NODE, first)
    assert [list(slow.entries) for slow in log.drain()] == [[entry(4), entry(5)]], "oldest first, and each once"
    log.pushed()
    await log.save()
    log.seen(NODE, seen(7, 7, 6))
    assert len(log.drain()) == 1
    await log.save()  # killed before the push was over
    await before.close()
    after = SlowLog(again := await journal(tmp_path), clock=clock)
    await after.load()
    memory = after.remembered(NODE.key)["slowlog"].seen
    assert (memory.run_id, memory.last_id) == ("a", 5), "6 and 7 are pushed again"
    await again.close()


async def test_after_a_long_stop_reading_begins_anew(tmp_path: Path) -> None:
    clock = ManualClock()
    before = await journal(tmp_path)
    log = SlowLog(before, clock=clock)
    log.seen(NODE, seen(3))
    await log.save()
    clock.advance(OLDEST / 2)
    await log.save()  # a quiet log: still alive
    await before.close()
    for pause, known in ((OLDEST - 1, True), (2, False)):
        clock.advance(pause)
        after = SlowLog(again := await journal(tmp_path), clock=clock)
        await after.load()
        assert bool(after.remembered(NODE.key)) is known
        await again.close()


async def test_what_does_not_fit_is_counted(tmp_path: Path) -> None:
    log = SlowLog(await journal(tmp_path), clock=ManualClock())
    log.keep(for_a_push=True)
    log.seen(NODE, seen(0, missed=2))
    log.seen(NODE, seen(KEPT + 10, *range(KEPT + 10, 0, -1), missed=5))
    found = log.drain()
    assert sum(len(slow.entries) for slow in found) == KEPT
    assert sum(slow.missed for slow in found) == 5 + 10
    log.seen(NODE, seen(KEPT + 11, KEPT + 11, missed=5))
    assert [len(slow.entries) for slow in log.drain()] == [1], "a push makes room"


@pytest.mark.slow
def test_each_slow_command_is_pushed_once(start_server: Callable[..., Server], start_daemon: Callable[..., Daemon]) -> None:
    server = start_server(settings={"slowlog-max-len": "2000", "slowlog-log-slower-than": "0"})

    def slow(name: str, count: int) -> None:
        with server.client() as client:
            for _ in range(count):
                client.command(name, "x")

    with TemporaryDirectory(prefix="kvmon-") as folder, Listener(Path(folder) / "dsd") as listener:
        configuration = {
            "interval": "1s",
            "state_dir": f"{folder}/state",
            "collectors": {"slowlog": {"every": "1s"}},
            "datadog": {"dogstatsd": listener.url, "interval": "1s"},
            "targets": [{"name": "it", "url": server.url}],
        }

        def told() -> Counter[str | None]:
            return Counter(metric.tag("command") for metric in listener.named("redis.slowlog.micros"))

        def pushed(name: str, count: int) -> None:
            until(lambda: told()[name] >= count, what=f"{count} of {name}: {told()}\n{daemon.logs[-2000:]}")

        slow("strlen", 40)
        daemon = start_daemon(configuration)
        until(lambda: told()["info"] > 0, what="the first push after the first look")
        slow("llen", 500)
        pushed("llen", 500)
        daemon.terminate()
        slow("exists", 30)
        daemon = start_daemon(configuration)
        pushed("exists", 30)
        server.restart()
        slow("ttl", 20)
        pushed("ttl", 20)
        pushes = told()["ping"]
        daemon.process.send_signal(signal.SIGKILL)
        daemon.process.wait(30)
        slow("type", 25)
        daemon = start_daemon(configuration)
        pushed("type", 25)
        slow("pttl", 1)
        pushed("pttl", 1)
        found = told()
        assert {name: found[name] for name in ("strlen", "llen", "exists", "type", "pttl")} == {
            "strlen": 0, "llen": 500, "exists": 30, "type": 25, "pttl": 1,
        }, "what is there at the first start is from before"  # fmt: skip
        assert 20 <= found["ttl"] <= 40, "a daemon that is killed may push the entries of one push again"
        assert found["ping"] >= pushes
        assert daemon.value("kvmon_datadog_slowlog_missed_total") == 0
        server.config_set("slowlog-max-len", "10")
        slow("expiretime", 300)
        until(lambda: told()["expiretime"] > 0, what="the newest ones")
        until(lambda: (daemon.value("kvmon_datadog_slowlog_missed_total") or 0) > 200, what="the misses")
        assert told()["expiretime"] + (daemon.value("kvmon_datadog_slowlog_missed_total") or 0) >= 300
