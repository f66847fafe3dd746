"""One node, polled: real servers, and a table of answers where a server cannot be made to say such a thing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from kvmon.clock import ManualClock, SystemClock
from kvmon.errors import ConnectionLost, Timeout
from kvmon.model.conversation import Refusal, Reply
from kvmon.model.snapshot import Snapshot
from kvmon.model.targets.address import Address
from kvmon.model.targets.providers import BY_NAME
from kvmon.model.targets.target import Credentials, Node, Target
from kvmon.watch.collectors import Collectors
from kvmon.watch.poller import NodePoller
from kvmon.watch.wire import SimulatedConnection
from tests.servers.hostile import HOSTILE, Behaviour, listening
from tests.servers.server import Server

INFO = (Path(__file__).parents[2] / "replies/valkey-9.1/info.txt").read_bytes()
NODE = Target("it", (Address("127.0.0.1", 1),)).nodes[0]


def node_of(server: Server, **more: object) -> Node:
    return Target("it", (Address("127.0.0.1", server.port),), timeout=20.0, **more).nodes[0]  # type: ignore[arg-type]


def value(snapshot: Snapshot, name: str, *labels: str) -> float | None:
    found = [sample.value for sample in snapshot.samples if sample.spec.name == name and sample.labels == labels]
    return found[0] if found else None


def names(snapshot: Snapshot) -> set[str]:
    return {sample.spec.name for sample in snapshot.samples}


class Simulated:
    """A poller over a table of answers: whatever is not INFO is refused unless a test says otherwise."""

    def __init__(self, node: Node = NODE, answers: dict[tuple[object, ...], Reply] | None = None) -> None:
        self.clock = ManualClock()
        self.link = SimulatedConnection(node, answers={})
        self.info: Reply = INFO
        self.answers = answers or {}
        self.link._answer = self._answer  # type: ignore[method-assign]
        self.poller = NodePoller(node, Collectors(), clock=self.clock, connect=lambda _: self.link)

    def _answer(self, command: tuple[object, ...]) -> Reply:
        if command[0] == "INFO":
            return self.info
        return self.answers.get(command, Refusal("NOPERM", "NOPERM this user has no permissions"))

    async def poll(self, after: float = 15.0) -> Snapshot:
        self.clock.advance(after)
        return await self.poller.poll(self.clock.monotonic())


async def test_a_usual_poll_is_one_round_trip_on_the_same_connection(server: Server) -> None:
    clock = SystemClock()
    poller = NodePoller(node_of(server, interval=1.0), Collectors(), clock=clock)
    try:
        first = await poller.poll(clock.monotonic())
        assert first.up
        assert value(first, "redis_up") == value(first, "kvmon_up") == 1
        assert not first.failures
        await poller.poll(clock.monotonic())
        connections = server.info("stats")["total_connections_received"]
        third = await poller.poll(clock.monotonic())
        assert third.round_trips == 1
        assert 0 < (value(third, "kvmon_clients_utilization_ratio") or 0) < 1
        assert third.facts["role"] == "master"
        assert int(server.info("stats")["total_connections_received"]) == int(connections) + 1, "that was the test's own"
        assert len(third.samples) > 50
        assert "errorstat_" not in server.command("INFO", "errorstats"), "a server is not asked what it cannot answer"
    finally:
        await poller.close()


async def test_a_poll_asks_for_info_once(valkey: Server) -> None:
    clock = SystemClock()
    often = Collectors.model_validate({"latency": {"every": "1ms"}, "clients": {"every": "1ms"}})
    poller = NodePoller(node_of(valkey, interval=0.001), often, clock=clock)
    try:
        await poller.poll(clock.monotonic())
        before = valkey.info("commandstats")["cmdstat_info"]
        polls = [await poller.poll(clock.monotonic()) for _ in range(5)]
        after = valkey.info("commandstats")["cmdstat_info"]
    finally:
        await poller.close()

    def calls(line: str) -> int:
        return int(line.removeprefix("calls=").partition(",")[0])

    assert calls(after) - calls(before) == len(polls) + 1, "the one more is the test's own"
    assert not any(poll.failures for poll in polls)
    assert (value(polls[-1], "redis_commands_latencies_usec", "info") or 0) > 0, "its sum comes from the same INFO"
    assert value(polls[-1], "kvmon_clients_by_state", "normal") == 1


async def test_what_kvmon_does_itself_is_no_load(valkey: Server) -> None:
    clock = SystemClock()
    poller = NodePoller(node_of(valkey), Collectors(), clock=clock)
    try:
        await poller.poll(clock.monotonic())
        # Time passes for the rates without anybody waiting.
        late = ManualClock(clock.monotonic() + 60, clock.time() + 60)
        poller._clock = poller._line._clock = late
        snapshot = await poller.poll(late.monotonic())
        assert value(snapshot, "kvmon_commands_per_second") == 0
        assert value(snapshot, "kvmon_network_bytes_per_second", "in") == 0
        assert value(snapshot, "kvmon_network_bytes_per_second", "out") == 0
        assert value(snapshot, "kvmon_connections_per_second") == 0
    finally:
        await poller.close()


async def test_a_dead_server_has_no_values_and_one_line_in_the_log(valkey: Server) -> None:
    clock = SystemClock()
    poller = NodePoller(node_of(valkey), Collectors(), clock=clock)
    with capture_logs() as logs:
        alive = await poller.poll(clock.monotonic())
        valkey.kill()
        dead = [await poller.poll(clock.monotonic()) for _ in range(3)]
        valkey.restart()
        again = await poller.poll(clock.monotonic())
        await poller.close()
    assert alive.up
    assert again.up
    assert not any(snapshot.up for snapshot in dead)
    last = dead[-1]
    assert value(last, "redis_up") == value(last, "kvmon_up") == 0
    assert value(last, "kvmon_collector_failures_total", "poll", "refused") == 3
    assert value(last, "redis_exporter_last_scrape_error", "refused") == 1
    assert "redis_uptime_in_seconds" not in names(last)
    assert not any(name.startswith("kvmon_memory") for name in names(last))
    assert last.failure is not None
    assert last.failure.reason == "refused"
    assert dead[0].since == last.since >= alive.since
    assert value(again, "kvmon_restarts_total") == 1
    said = [entry["event"] for entry in logs if entry["event"].startswith("target")]
    assert said == ["target is down", "target is up again"]


async def test_a_connection_closed_while_idle_is_no_outage(valkey: Server) -> None:
    clock = SystemClock()
    poller = NodePoller(node_of(valkey), Collectors(), clock=clock)
    try:
        await poller.poll(clock.monotonic())
        valkey.command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        snapshot = await poller.poll(clock.monotonic())
        assert snapshot.up
        assert not snapshot.failures
    finally:
        await poller.close()


async def test_a_wrong_password_is_said_with_its_reason(start_server: Callable[..., Server]) -> None:
    server = start_server(password="right")
    clock = SystemClock()
    poller = NodePoller(node_of(server, credentials=Credentials(password="wrong-secret")), Collectors(), clock=clock)
    with capture_logs() as logs:
        snapshot = await poller.poll(clock.monotonic())
    await poller.close()
    assert snapshot.failure is not None
    assert snapshot.failure.reason == "auth"
    assert "wrong-secret" not in repr((snapshot, logs))


@pytest.mark.parametrize("behaviour", HOSTILE, ids=lambda behaviour: behaviour.__name__)
async def test_nothing_a_listener_does_raises_or_takes_for_ever(behaviour: Behaviour) -> None:
    with listening(behaviour) as port:
        clock = SystemClock()
        node = Target("it", (Address("127.0.0.1", port),), timeout=0.5).nodes[0]
        poller = NodePoller(node, Collectors(), clock=clock)
        snapshot = await poller.poll(clock.monotonic())
        await poller.close()
    assert not snapshot.up
    assert snapshot.failure is not None
    assert value(snapshot, "redis_up") == 0


async def test_a_refused_collector_is_asked_once_and_the_others_go_on() -> None:
    simulated = Simulated()
    first = await simulated.poll()
    assert first.up
    assert value(first, "kvmon_collector_supported", "info") == 1
    refused = {failure.collector for failure in first.failures}
    assert refused
    for collector in refused:
        assert value(first, "kvmon_collector_failures_total", collector, "noperm") == 1
        assert value(first, "kvmon_collector_supported", collector) == 0
    asked = len(simulated.link.asked)
    for _ in range(100):
        last = await simulated.poll()
    off = {command[0] for command in simulated.link.asked[asked:]}
    assert not last.failures
    assert "INFO" in off
    assert len(off) <= 5, "only collectors that remember their refusals themselves may still have something to ask"


async def test_a_refused_collector_is_tried_again_after_an_outage() -> None:
    simulated = Simulated()
    first = await simulated.poll()
    refused = {failure.collector for failure in first.failures}
    simulated.link.failure = Timeout("timeout", "no answer")
    assert not (await simulated.poll()).up
    again = await simulated.poll()
    assert again.up
    assert {failure.collector for failure in again.failures} == refused


async def test_a_failed_poll_loses_nothing_that_was_known() -> None:
    simulated = Simulated()
    await simulated.poll()
    before = simulated.poller.server
    simulated.link.failure = Timeout("timeout", "no answer")
    down = await simulated.poll()
    assert down.failures[0].collector == "poll"
    assert not down.facts
    assert not simulated.link.connected
    assert simulated.poller.server == before
    assert value(await simulated.poll(), "kvmon_restarts_total") == 0


async def test_a_fresh_connection_that_is_closed_at_once_is_an_outage() -> None:
    simulated = Simulated()
    await simulated.poll()
    simulated.link.failure = ConnectionLost("closed", "gone")
    assert (await simulated.poll()).up, "a reused connection gets a second try"
    await simulated.link.close()
    simulated.link.failure = ConnectionLost("closed", "gone")
    down = await simulated.poll()
    assert not down.up
    assert value(down, "kvmon_collector_failures_total", "poll", "closed") == 1


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (Refusal("NOPERM", "NOPERM no permissions to run the 'info' command"), "noperm"),
        (Refusal("NOAUTH", "NOAUTH Authentication required."), "auth"),
        (Refusal("LOADING", "LOADING the dataset"), "loading"),
        (7, "protocol"),
    ],
)
async def test_a_server_that_does_not_answer_info_is_down_with_the_reason(reply: Reply, reason: str) -> None:
    simulated = Simulated()
    await simulated.poll()
    simulated.info = reply
    down = await simulated.poll()
    assert down.failure is not None
    assert down.failure.reason == reason
    assert value(down, "redis_up") == 0
    simulated.info = INFO
    assert (await simulated.poll()).up


async def test_what_is_not_due_says_what_it_said_before() -> None:
    clock = ManualClock()
    link = SimulatedConnection(NODE, answers={("INFO", "ALL"): INFO, ("SLOWLOG", "LEN"): 3})
    collectors = Collectors.model_validate({"slowlog": {"every": "1m"}})
    answer = link._answer
    link._answer = lambda command: [] if command[:2] == ("SLOWLOG", "GET") else INFO if command[0] == "INFO" else answer(command)  # type: ignore[method-assign]
    poller = NodePoller(NODE, collectors, clock=clock, connect=lambda _: link)
    asked = []
    for _ in range(9):
        before = len(link.asked)
        snapshot = await poller.poll(clock.monotonic())
        asked.append(any(command[0] == "SLOWLOG" for command in link.asked[before:]))
        assert value(snapshot, "redis_slowlog_length") == 3
        clock.advance(15.0)
    assert asked == [True, False, False, False, True, False, False, False, True]


async def test_what_a_provider_withholds_is_never_asked() -> None:
    node = Target("it", (Address("127.0.0.1", 1),), provider=BY_NAME["azure-cache"]).nodes[0]
    simulated = Simulated(node)
    snapshot = await simulated.poll()
    assert value(snapshot, "kvmon_collector_supported", "config") == 0
    assert "config" not in {failure.collector for failure in snapshot.failures}


async def test_what_info_gives_a_provider_away_by_is_enough_to_spare_it_questions() -> None:
    simulated = Simulated()
    simulated.info = INFO.replace(b"os:", b"os:Amazon ElastiCache ", 1)
    await simulated.poll()
    asked = [command for command in simulated.link.asked if command[0] == "CONFIG"]
    await simulated.poll()
    # How many databases there are is asked with the first INFO, before anything is known.
    assert asked == [("CONFIG", "GET", "databases")]
    told = {capability.collector: capability for capability in simulated.poller.capabilities()}
    assert (told["config"].status, told["config"].why) == ("withheld", "not available on Amazon ElastiCache")
    assert told["slowlog"].status == "refused"
    assert told["slowlog"].why.startswith("not available on Amazon ElastiCache (")


async def test_why_something_cannot_be_asked_is_told_in_words() -> None:
    simulated = Simulated(answers={("ACL", "LOG", 128): [], ("LATENCY", "LATEST"): []})
    assert simulated.poller.capabilities() == []
    await simulated.poll()
    told = {capability.collector: capability for capability in simulated.poller.capabilities()}
    assert told["acl"].status == told["info"].status == "works"
    assert "kvmon acl" in told["config"].why
    assert told["latency"].without == ("LATENCY HISTOGRAM",)
    assert told["cluster_info"].status == "unneeded"
    # Another process may be another version: everything is asked anew.
    simulated.info = INFO.replace(b"run_id:", b"run_id:f", 1)
    simulated.answers[("MEMORY", "STATS")] = []
    await simulated.poll()
    told = {capability.collector: capability for capability in simulated.poller.capabilities()}
    assert told["memory"].status == "works"


async def test_lateness_is_the_time_since_it_was_due() -> None:
    simulated = Simulated()
    snapshot = await simulated.poller.poll(simulated.clock.monotonic() - 2.5)
    assert snapshot.lateness == pytest.approx(2.5)
    assert value(snapshot, "kvmon_poll_lateness_seconds") == pytest.approx(2.5)
