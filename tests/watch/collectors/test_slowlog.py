from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from kvmon.model.conversation import Command, Malformed, Reply, Unsupported
from kvmon.watch.collectors.slowlog import Slowlog
from kvmon.watch.collectors.slowlog_entries import OTHER, Seen, entries_of
from tests.servers.server import Server
from tests.watch.collectors.talking import DENIED, PATIENT, VALKEY, ask, check_any_shape, talk, values

SLOW = {"slowlog-log-slower-than": "0"}


async def test_slow_commands_of_a_real_server_are_counted_once(server: Server) -> None:
    server.config_set("slowlog-log-slower-than", "0")
    before = await ask(Slowlog(), server)
    with server.client() as client:
        for number in range(60):
            client.command("SET", f"key{number}", "a secret value")
    after = await ask(Slowlog(), server, before.memory)
    found = values(after.samples)
    assert found["kvmon_slowlog_entries_total", "set"] == 60
    assert found["kvmon_slowlog_missed_total",] == 0
    assert found["redis_slowlog_length",] > 60
    assert found["redis_slowlog_last_id",] > 60
    assert 0 <= found["redis_last_slow_execution_duration_seconds",] < 60
    assert found["kvmon_slowlog_seconds_total", "set"] >= 0
    again = values((await ask(Slowlog(), server, after.memory)).samples)
    assert again["kvmon_slowlog_entries_total", "set"] == 60
    assert "secret" not in repr(after)


async def test_the_newest_entries_are_remembered_without_what_users_sent(server: Server) -> None:
    server.config_set("slowlog-log-slower-than", "0")
    with server.client() as client:
        client.command("MSET", *(word for number in range(50) for word in (f"key{number}", "personal")))
    server.config_set("slowlog-log-slower-than", "-1")
    memory = (await ask(Slowlog(), server)).memory
    entry = next(entry for entry in memory.recent if entry.command == "mset")
    assert entry.arguments == 100
    assert 0 <= entry.cost < 60
    assert abs(entry.at - time.time()) < 600
    assert "personal" not in repr(memory)


async def test_entries_that_left_the_log_are_told(valkey: Server) -> None:
    valkey.config_set("slowlog-log-slower-than", "0")
    before = await ask(Slowlog(), valkey)
    with valkey.client() as client:
        for _ in range(400):
            client.command("PING")
    found = values((await ask(Slowlog(), valkey, before.memory)).samples)
    told = found["kvmon_slowlog_missed_total",] + found["kvmon_slowlog_entries_total", "ping"]
    assert found["kvmon_slowlog_entries_total", "ping"] < 400
    assert told >= 400


async def test_a_restarted_server_counts_from_its_first_entry(start_server: Callable[..., Server]) -> None:
    server = start_server(settings=SLOW)
    for _ in range(30):
        server.command("PING")
    before = await ask(Slowlog(), server)
    server.restart()
    server.command("ECHO", "x")
    after = await ask(Slowlog(), server, before.memory)
    found = values(after.samples)
    assert found["kvmon_slowlog_entries_total", "echo"] == 1
    assert found["kvmon_slowlog_missed_total",] == 0


async def test_a_denied_half_leaves_the_other(start_server: Callable[..., Server]) -> None:
    server = start_server(users={"watcher": "on >secret +info +slowlog|len"}, settings=SLOW)
    first = await ask(Slowlog(), server, login=("watcher", "secret"))
    assert set(values(first.samples)) == {("redis_slowlog_length",)}
    denied = server.info("stats").get("acl_access_denied_cmd")
    second = await ask(Slowlog(), server, first.memory, login=("watcher", "secret"))
    assert set(values(second.samples)) == {("redis_slowlog_length",)}
    assert server.info("stats").get("acl_access_denied_cmd") == denied, "a refused command is not tried at each poll"


def test_denied_everything_is_unsupported() -> None:
    with pytest.raises(Unsupported, match="SLOWLOG"):
        talk(Slowlog(), VALKEY, Slowlog().first(), lambda _: DENIED)


def entry(number: int, command: bytes = b"GET", micros: int = 15_000) -> Reply:
    return [number, 1_700_000_000, micros, [command, b"key"], b"127.0.0.1:1", b""]


def test_a_quiet_log_costs_one_round_and_few_entries() -> None:
    asked: list[Command] = []

    def answer(command: Command) -> Reply:
        asked.append(command)
        return 128 if command[1] == "LEN" else [entry(number) for number in range(500, 500 - int(command[2]), -1)]

    first = talk(Slowlog(), VALKEY, Slowlog().first(), answer)
    asked.clear()
    talk(Slowlog(), VALKEY, first.memory, answer)
    assert asked == [("SLOWLOG", "LEN"), ("SLOWLOG", "GET", 10)]


@pytest.mark.parametrize("before", [0, 1, 50])
@pytest.mark.parametrize("new", [0, 1, 9, 10, 11, 12, 26, 27, 127, 128])
def test_nothing_that_the_log_still_holds_is_missed(before: int, new: int) -> None:
    log: list[Reply] = []

    def answer(command: Command) -> Reply:
        return len(log) if command[1] == "LEN" else log[: int(command[2])]

    log = [entry(number) for number in range(before, 0, -1)]
    memory = talk(Slowlog(), VALKEY, Slowlog().first(), answer).memory
    log = [entry(number) for number in range(before + new, 0, -1)][:128]
    seen = talk(Slowlog(), VALKEY, memory, answer).memory.seen
    assert (seen.missed, sum(seen.counts.values())) == (0, new)


def test_names_beyond_the_limit_are_one() -> None:
    state = Seen().after("run", [], 0, names=2, keep=5)
    log = [entry(number, f"CMD{number}".encode()) for number in range(6, -1, -1)]
    state = state.after("run", entries_of("SLOWLOG GET", log, per=1_000_000), 7, names=2, keep=5)
    assert sum(state.counts.values()) == 7
    assert len(state.counts) == 3
    assert state.counts[OTHER] == 5
    assert state.recent[0].cost == 0.015


@pytest.mark.parametrize("name", [b"", b"\xff\xfe", b"a b", b"x" * 200, b"GET key"])
def test_what_is_no_command_is_no_label(name: bytes) -> None:
    assert entries_of("SLOWLOG GET", [entry(1, name)], per=1)[0].command == OTHER


@pytest.mark.parametrize("bad", [[[1, 2, 3]], [[1, 2, 3, b"x"]], [[b"1", 2, 3, []]], [[2**70, 2, 3, []]], b"", 3, None, [None]])
def test_malformed_entries_are_malformed(bad: Reply) -> None:
    with pytest.raises(Malformed, match="SLOWLOG GET"):
        entries_of("SLOWLOG GET", bad, per=1)


class Log(RuleBasedStateMachine):
    """A log of 20 entries, filled, emptied and restarted at will, polled now and then, also while it grows."""

    def __init__(self) -> None:
        super().__init__()
        self.collector = Slowlog(entries=20, names=3, recent=4)
        self.memory = self.collector.first()
        self.run, self.next_id = 0, 100
        self.ring: list[Reply] = []
        self.happened: Counter[int] = Counter()
        self.unseen_before_restart = 0
        self.add(1)
        self.poll(0)
        self.happened.clear()

    @rule(count=st.integers(1, 45))
    def add(self, count: int) -> None:
        for _ in range(count):
            self.ring = [entry(self.next_id, f"cmd{self.next_id % 5}".encode()), *self.ring][:20]
            self.next_id += 1
        self.happened[self.run] += count

    @rule()
    def reset(self) -> None:
        self.ring = []

    @rule()
    def restart(self) -> None:
        self.poll(0)
        self.flush()
        self.run, self.next_id, self.ring = self.run + 1, 0, []

    @rule(between=st.integers(0, 30))
    def poll(self, between: int) -> None:
        rounds = 0

        def answer(command: Command) -> Reply:
            nonlocal rounds
            if command[1] == "LEN":
                return len(self.ring)
            rounds += 1
            if rounds == 2 and between:
                self.add(between)
            return list(self.ring[: int(command[2])])

        self.memory = talk(self.collector, replace(VALKEY, run_id=str(self.run)), self.memory, answer).memory

    @precondition(lambda self: self.ring)
    @rule()
    def flush(self) -> None:
        """After an entry and a poll, everything that ever happened is told: counted, or counted as missed."""
        self.add(1)
        self.poll(0)
        assert self.told() == self.happened.total()

    @invariant()
    def never_twice(self) -> None:
        assert self.told() <= self.happened.total()
        ids = [entry.id for entry in self.memory.recent]
        assert len(set(ids)) == len(ids) <= 4

    def told(self) -> int:
        return sum(self.memory.seen.counts.values()) + self.memory.seen.missed


TestLog = Log.TestCase
TestLog.settings = settings(PATIENT, stateful_step_count=20)


@given(st.data())
@PATIENT
def test_any_shape(data: st.DataObject) -> None:
    check_any_shape(Slowlog(), data)


async def test_of_a_key_only_its_shape_is_kept_and_our_own_commands_are_marked(server: Server) -> None:
    server.config_set("slowlog-log-slower-than", "0")
    with server.client() as client:
        client.command("HSET", "user:42:profile", "name", "personal")
        client.command("CLIENT", "SETNAME", "kvmon")
        client.command("HGETALL", "user:43:profile")
    server.config_set("slowlog-log-slower-than", "-1")
    memory = (await ask(Slowlog(), server)).memory
    found = {entry.command: entry for entry in memory.recent}
    assert found["hset"].shape == found["hgetall"].shape == "user:*:profile"
    assert (found["hset"].ours, found["hgetall"].ours) == (False, True)
    assert "personal" not in repr(memory.recent)
