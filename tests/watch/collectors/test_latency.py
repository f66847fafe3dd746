from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvmon.model.conversation import Command, Refusal, Reply, Unsupported
from kvmon.watch.collectors.latency import Latency, LatencyMemory
from kvmon.watch.collectors.latency_histogram import bound_text
from tests.servers.server import Server
from tests.watch.collectors.talking import DENIED, PATIENT, REDIS, VALKEY, ask, check_any_shape, described, talk, values

HISTOGRAM: list[Reply] = [
    b"config|get", [b"calls", 4, b"histogram_usec", [8, 1, 16, 2, 33, 3, 66, 4]],
    b"georadius_ro", [b"calls", 1, b"histogram_usec", [1081344, 1]],
    b"ft.search", [b"calls", 2, b"histogram_usec", [264, 2]],
]  # fmt: skip
STATS = (
    b"# Commandstats\r\ncmdstat_config|get:calls=4,usec=73,usec_per_call=18.25\r\ncmdstat_config:calls=9,usec=9999\r\n"
    b"cmdstat_georadius_ro:calls=1,usec=1070000,usec_per_call=1.00\r\ncmdstat_ft.search:calls=2,usec=300,usec_per_call=1.00\r\n"
)


def server_with(histogram: Reply = HISTOGRAM, *, latest: Reply = None, stats: Reply = STATS) -> Callable[[Command], Reply]:
    replies: dict[str, Reply] = {"LATEST": latest or [], "HISTOGRAM": histogram, "commandstats": stats}
    return lambda command: replies[str(command[1])]


async def test_histograms_of_a_real_server_add_up(server: Server) -> None:
    with server.client() as client:
        for number in range(40):
            client.command("SET", f"key{number}", "value")
    found = values((await ask(Latency(), server)).samples)
    if described(server).version < (7, 0, 0):
        assert not any(name.startswith("redis_commands_latencies") for name, *_ in found)
        return
    assert found["redis_commands_latencies_usec_count", "set"] == 40
    assert found["redis_commands_latencies_usec_bucket", "set", "+Inf"] == 40
    assert found["redis_commands_latencies_usec_sum", "set"] == float(
        server.info("commandstats")["cmdstat_set"].split("usec=")[1].split(",")[0]
    )
    buckets = [
        (float(key[2]), count) for key, count in found.items() if key[:2] == ("redis_commands_latencies_usec_bucket", "set")
    ]
    assert sorted(buckets) == buckets
    assert [count for _, count in buckets] == sorted(count for _, count in buckets)


async def test_spikes_of_a_real_server(server: Server) -> None:
    server.config_set("latency-monitor-threshold", "1")
    server.command("EVAL", "local n = 0 while n < 3000000 do n = n + 1 end return n", 0)
    found = values((await ask(Latency(), server)).samples)
    events = {key[1] for key in found if key[0] == "redis_latency_spike_last"}
    assert "command" in events or "script" in events or not events
    for event in events:
        assert 0.001 <= found["redis_latency_spike_duration_seconds", event] <= found["kvmon_latency_spike_max_seconds", event]


def test_every_command_has_its_own_sum_whatever_its_name() -> None:
    found = values(talk(Latency(), VALKEY, Latency().first(), server_with()).samples)
    assert found["redis_commands_latencies_usec_sum", "config|get"] == 73
    assert found["redis_commands_latencies_usec_sum", "georadius_ro"] == 1_070_000
    assert found["redis_commands_latencies_usec_sum", "ft.search"] == 300
    assert found["redis_commands_latencies_usec_bucket", "config|get", "33"] == 3
    assert found["redis_commands_latencies_usec_bucket", "georadius_ro", "1.081344e+06"] == 1


def test_commands_that_did_not_change_keep_their_samples() -> None:
    first = talk(Latency(), VALKEY, Latency().first(), server_with())
    changed = copy.deepcopy(HISTOGRAM)
    changed[5] = [b"calls", 3, b"histogram_usec", [264, 3]]
    later = server_with(changed, stats=STATS.replace(b"usec=300", b"usec=400"))
    second = talk(Latency(), VALKEY, talk(Latency(), VALKEY, first.memory, later).memory, later)
    before, after = ({id(sample) for sample in answer.samples} for answer in (first, second))
    assert {sample.labels[0] for sample in second.samples if id(sample) not in before} == {"ft.search"}
    assert len(after & before) == 11
    assert values(second.samples)["redis_commands_latencies_usec_sum", "ft.search"] == 400


async def test_a_command_that_is_called_again_is_read_again(server: Server) -> None:
    if described(server).version < (7, 0, 0):
        return
    memory = Latency().first()

    async def count() -> float | None:
        nonlocal memory
        for _ in range(2):
            answer = await ask(Latency(), server, memory)
            memory = answer.memory
        return values(answer.samples).get(("redis_commands_latencies_usec_count", "set"))

    with server.client() as client:
        client.command("SET", "key", "value")
        assert await count() == 1
        assert await count() == 1
        client.command("SET", "key", "value")
        assert await count() == 2
        client.command("CONFIG", "RESETSTAT")
        await count()
        assert await count() is None


def test_only_what_was_called_lately_is_asked_for() -> None:
    memory = Latency().first()
    histograms: list[Command | None] = []
    for called in (2, 2, 3, 3, 3):
        own = len(histograms)
        stats = STATS.replace(b"ft.search:calls=2", b"ft.search:calls=%d" % called) + b"cmdstat_info:calls=%d,usec=9" % own
        asked: list[Command] = []

        def answer(command: Command, asked: list[Command] = asked, stats: bytes = stats) -> Reply:
            asked.append(command)
            return server_with(HISTOGRAM[4:] if len(command) > 2 else HISTOGRAM, stats=stats)(command)

        found = talk(Latency(), VALKEY, memory, answer)
        memory = found.memory
        histograms.append(next((command for command in asked if command[1] == "HISTOGRAM"), None))
        assert len(found.samples) == len(talk(Latency(), VALKEY, Latency().first(), server_with()).samples)
    whole = ("LATENCY", "HISTOGRAM")
    assert histograms == [whole, None, None, (*whole, "ft.search"), None]


def test_now_and_then_everything_is_asked_for() -> None:
    memory = Latency().first()
    asked: list[Command] = []

    def answer(command: Command) -> Reply:
        asked.append(command)
        return server_with()(command)

    for _ in range(100):
        memory = talk(Latency(), VALKEY, memory, answer).memory
    assert 3 <= asked.count(("LATENCY", "HISTOGRAM")) <= 7


def test_events_of_both_lines() -> None:
    redis: Reply = [[b"command", 1795780734, 10, 25]]
    valkey: Reply = [[b"fork", 1795780735, 3, 12, 40, 7]]
    found = values(talk(Latency(), REDIS, Latency().first(), server_with(latest=redis)).samples)
    assert found == {
        ("redis_latency_spike_last", "command"): 1795780734,
        ("redis_latency_spike_duration_seconds", "command"): 0.01,
        ("kvmon_latency_spike_max_seconds", "command"): 0.025,
    }
    found = values(talk(Latency(histograms=False), VALKEY, Latency().first(), server_with(latest=valkey)).samples)
    assert found["kvmon_latency_spikes_total", "fork"] == 7
    assert found["kvmon_latency_spike_seconds_total", "fork"] == 0.04


@pytest.mark.parametrize("denied", ["LATEST", "HISTOGRAM"])
def test_a_denied_half_leaves_the_other_and_is_not_asked_again(denied: str) -> None:
    asked: list[str] = []

    def answer(command: Command) -> Reply:
        asked.append(str(command[1]))
        replies: dict[str, Reply] = {"LATEST": [[b"fork", 1, 3, 12]], "HISTOGRAM": HISTOGRAM, "commandstats": STATS}
        return DENIED if command[1] == denied else replies[str(command[1])]

    first = talk(Latency(), VALKEY, Latency().first(), answer)
    assert first.samples
    asked.clear()
    assert values(talk(Latency(), VALKEY, first.memory, answer).samples) == values(first.samples)
    assert denied not in asked


def test_a_server_that_loads_is_asked_again() -> None:
    loading = Refusal("LOADING", "LOADING Redis is loading the dataset in memory")
    first = talk(Latency(), VALKEY, Latency().first(), server_with(loading))
    assert (
        values(talk(Latency(), VALKEY, first.memory, server_with()).samples)["redis_commands_latencies_usec_count", "ft.search"]
        == 2
    )
    with pytest.raises(Unsupported) as refused:
        talk(Latency(), VALKEY, Latency().first(), lambda _: loading)
    assert refused.value.reason == "loading"


def test_a_sentinel_is_not_asked() -> None:
    assert not Latency().needs(replace(VALKEY, mode="sentinel"))


@pytest.mark.parametrize(
    ("bound", "text"),
    [
        (1, "1"),
        (16908, "16908"),
        (999_999, "999999"),
        (1_000_000, "1e+06"),
        (1_081_344, "1.081344e+06"),
        (268_435_456, "2.68435456e+08"),
        (10**10, "1e+10"),
    ],
)
def test_bounds_are_written_as_redis_exporter_does(bound: int, text: str) -> None:
    assert bound_text(bound) == text
    assert float(text) == bound


@given(st.data())
@PATIENT
def test_any_shape(data: st.DataObject) -> None:
    check_any_shape(Latency(), data)


def looks(*histograms: list[Reply]) -> LatencyMemory:
    """What is remembered after these replies, one after the other; each time everything was asked for."""
    memory = Latency().first()
    for number, histogram in enumerate(histograms):
        stats = STATS.replace(b"ft.search:calls=2", b"ft.search:calls=%d" % number)
        again = replace(memory, calls=replace(memory.calls, lately=None))
        memory = talk(Latency(), VALKEY, again, server_with(histogram, stats=stats)).memory
    return memory


def test_quantiles_are_those_of_the_calls_between_two_looks() -> None:
    before: list[Reply] = [
        b"get", [b"calls", 1000, b"histogram_usec", [1, 1000]],
        b"set", [b"calls", 9, b"histogram_usec", [33, 9]],
    ]  # fmt: skip
    after: list[Reply] = [
        b"get", [b"calls", 1990, b"histogram_usec", [1, 1000, 16, 1980, 32, 1990]],
        b"set", [b"calls", 19, b"histogram_usec", [33, 9, 1024, 19]],
        b"info", [b"calls", 5000, b"histogram_usec", [4096, 5000]],
        b"config|get", [b"calls", 5000, b"histogram_usec", [4096, 5000]],
    ]  # fmt: skip
    assert looks(before).quantiles == {}, "what was before the first look is not of now"
    assert looks(before, before).quantiles == {}
    found = looks(before, after).quantiles
    assert found["p50"] == pytest.approx(8e-6 * (1 + 500 / 980))
    assert found["p99"] == pytest.approx(32e-6)
    assert found["p99.9"] == pytest.approx(512e-6 * (1 + 9 / 10))
    assert looks(after, before).quantiles == {}, "the server began to count anew"


async def test_quantiles_of_a_real_server_are_plausible(server: Server) -> None:
    if described(server).version < (7, 0, 0):
        return
    memory = Latency().first()
    with server.client() as client:
        for look in range(3):
            for number in range(50):
                client.command("SET", f"key{number}", look)
            memory = (await ask(Latency(), server, memory)).memory
    found = memory.quantiles
    assert 0 < found["p50"] <= found["p99"] <= found["p99.9"] < 1
