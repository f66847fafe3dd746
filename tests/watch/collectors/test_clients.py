from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvmon.model.conversation import Command, Reply, Unsupported
from kvmon.watch.collectors.clients import Clients, chosen
from kvmon.watch.collectors.clients_list import NONE, census
from tests.servers.server import Server
from tests.servers.waiting import until
from tests.watch.collectors.talking import DENIED, PATIENT, REDIS, VALKEY, ask, check_any_shape, talk, values

OLD = (
    "id=4 addr=127.0.0.1:37086 fd=7 name={name} age={age} idle={idle} flags={flags} db=0 sub=0 psub=0 multi=-1 qbuf=26 "
    "qbuf-free=32744 obl=0 oll=0 omem={omem} events=r cmd=client user=default\n"
)


def line(name: str = "", *, age: int = 1, idle: int = 0, flags: str = "N", omem: int = 0) -> str:
    return OLD.format(name=name, age=age, idle=idle, flags=flags, omem=omem)


async def test_clients_of_a_real_server(server: Server) -> None:
    with ExitStack() as stack:
        clients = [stack.enter_context(server.client()) for _ in range(5)]
        for client in clients[:3]:
            client.command("CLIENT", "SETNAME", "worker")
        clients[3].command("SUBSCRIBE", "news")
        clients[4].command("MULTI")

        def listed() -> bool:
            return "flags=P" in server.command("CLIENT", "LIST")

        until(listed, what="the subscriber listed")
        found = values((await ask(Clients(), server)).samples)
    assert found["kvmon_clients_by_name", "worker"] == 3
    assert found["kvmon_clients_by_name", NONE] >= 2, "the collector gives itself a name"
    assert found["kvmon_clients_by_user", "default"] >= 6
    assert found["kvmon_clients_by_state", "pubsub"] == 1
    assert found["kvmon_clients_by_state", "transaction"] == 1
    assert found["kvmon_clients_by_state", "normal"] >= 4
    assert found["kvmon_clients_by_state", "blocked"] == 0
    assert found["kvmon_clients_memory_bytes", "worker"] > 0
    assert found["kvmon_client_memory_largest_bytes",] > 0
    assert found["kvmon_client_output_memory_bytes",] >= 0


async def test_a_server_with_too_many_clients_is_not_asked_for_the_list(valkey: Server) -> None:
    with valkey.client(), valkey.client(), pytest.raises(Unsupported) as refused:
        await ask(Clients(at_most=1), valkey)
    assert refused.value.reason == "too_large"
    assert "cmdstat_client|list" not in valkey.info("commandstats")


def test_an_ordinary_look_is_one_round() -> None:
    rounds: list[int] = []
    memory = Clients().first()
    for _ in range(3):
        conversation = Clients().ask(VALKEY, memory)
        answer = listing(line("a"))
        commands = next(conversation)
        for count in range(1, 4):
            try:
                commands = conversation.send([answer(command) for command in commands])
            except StopIteration as end:
                memory = end.value.memory
                rounds.append(count)
                break
    assert rounds == [2, 1, 1]


def listing(text: str) -> Callable[[Command], Reply]:
    def answer(command: Command) -> Reply:
        return b"# Clients\r\nconnected_clients:3\r\n" if command[0] == "INFO" else text.encode()

    return answer


def test_sums_and_extremes() -> None:
    text = line("a", age=50, idle=7, omem=10) + line("a", age=9, idle=900, flags="S", omem=30) + line("b", idle=3, flags="b")
    found = values(talk(Clients(), REDIS, Clients().first(), listing(text)).samples)
    assert found["kvmon_client_age_oldest_seconds",] == 50
    assert found["kvmon_client_idle_longest_seconds",] == 7, "a replica and a blocked client are silent on purpose"
    assert found["kvmon_client_output_memory_bytes",] == 40
    assert found["kvmon_client_output_memory_largest_bytes",] == 30
    assert found["kvmon_client_query_buffer_largest_bytes",] == 26
    assert found["kvmon_clients_by_library", NONE, NONE] == 3
    assert found["kvmon_clients_by_state", "replica"] == 1


def test_many_names_end_in_other_and_none_is_lost() -> None:
    text = "".join(line(f"job-{number}") for number in range(100)) + line("web") * 50
    found = values(talk(Clients(series=5), VALKEY, Clients().first(), listing(text)).samples)
    names = {key[1]: count for key, count in found.items() if key[0] == "kvmon_clients_by_name"}
    assert len(names) == 6
    assert names["web"] == 50
    assert names["other"] == 96


def test_a_name_keeps_its_series_while_it_is_connected() -> None:
    before = chosen(Counter({("a",): 3, ("b",): 2, ("c",): 1}), frozenset(), 2)
    assert before == {("a",), ("b",)}
    assert chosen(Counter({("a",): 1, ("b",): 1, ("c",): 9}), before, 2) == {("a",), ("b",)}
    assert chosen(Counter({("a",): 1, ("c",): 9}), before, 2) == {("a",), ("c",)}


def test_lines_of_different_servers_in_one_listing_are_read_all_the_same() -> None:
    mixed = line("a") + "id=5 name=b age=3 idle=2 flags=N tot-mem=70\n" + line("c") + "garbage\nid=\n"
    found = census(mixed)
    assert found.names == {("a",): 1, ("b",): 1, ("c",): 1, (NONE,): 1}
    assert found.memory_largest == 70


def test_refused_is_unsupported() -> None:
    with pytest.raises(Unsupported, match="CLIENT LIST"):
        talk(Clients(), VALKEY, Clients().first(), lambda command: b"" if command[0] == "INFO" else DENIED)


@given(st.text(alphabet="id= namflgs0123456789-\n", max_size=300))
@PATIENT
def test_any_text_is_read(text: str) -> None:
    found = census(text)
    assert found.names.total() == found.states.total() == sum(part.startswith("id=") for part in text.split("\n"))


@given(st.data())
@PATIENT
def test_any_shape(data: st.DataObject) -> None:
    check_any_shape(Clients(), data)
