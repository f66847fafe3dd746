"""`kvmon migrate` over names and elements that are too large to carry."""

from __future__ import annotations

from collections.abc import Callable

from tests.cli.running import Terminal
from tests.cli.test_migrate import compared
from tests.servers.server import Server


def test_names_as_large_as_values_are_compared(terminal: Terminal, start_server: Callable[..., Server]) -> None:
    """A SCAN of many of them would be more than an answer may be."""
    source, destination = start_server(), start_server()
    for server in (source, destination):
        with server.client() as client:
            for number in range(40):
                client.command("SET", f"{number}:" + "n" * 1_000_000, "x")
    destination.command("SET", "7:" + "n" * 1_000_000, "y")

    found = compared(terminal, source, destination)
    assert (found["differences"]["value"], found["compared"], found["unread"]) == (1, 40, 0)
    assert found["examples"]["value"][0].endswith("… (1000002 bytes)")


def test_elements_that_are_large_are_not_carried(terminal: Terminal, start_server: Callable[..., Server]) -> None:
    source, destination = start_server(), start_server()
    for server in (source, destination):
        with server.client() as client:
            for number in range(3):
                client.command("RPUSH", "list", f"{number}" * 3_000_000)
                client.command("HSET", "hash", f"{number}", f"{number}" * 3_000_000)
                client.command("XADD", "stream", f"{number + 1}-1", "field", "x" * 3_000_000)
            client.command("HSET", "mixed", "large", "x" * 1_000_000, *(word for n in range(700) for word in (f"f{n}", "v")))
    sent = int(source.info("stats")["total_net_output_bytes"])
    assert compared(terminal, source, destination)["same"]
    assert int(source.info("stats")["total_net_output_bytes"]) - sent < 1_000_000
    destination.command("RPUSH", "list", "x")
    assert compared(terminal, source, destination)["examples"] == {"value": ["list"]}
