"""Sessions found by their fields: with the search module or a double of it, without it, and through the death of the server."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
import redis
from kvmon_client import Client
from session_search import SearchableSessions

from tests.examples.deployments import StartDaemon, StartServer, probed, ready
from tests.examples.test_outages import allowed, denied, patient
from tests.servers.searching import Finding
from tests.servers.server import Server
from tests.servers.waiting import until

Made = tuple[Server, Client, SearchableSessions]
MODULE = os.environ.get("REDISEARCH", "")


@pytest.fixture
def made(start_server: StartServer, start_daemon: StartDaemon) -> Iterator[Callable[[str], Made]]:
    with ExitStack() as stack:

        def make(search: str) -> Made:
            server = start_server("redis-8.0", settings={"loadmodule": MODULE}) if search == "module" else start_server()
            port = stack.enter_context(Finding(server)).profile.port if search == "double" else server.port
            daemon = start_daemon({"targets": [probed("redis", server)]})
            ready(daemon, "redis")
            breakers = patient(stack.enter_context(Client(daemon.url)))
            connection = redis.Redis(
                port=port, decode_responses=True, socket_timeout=5, protocol=2 if search == "double" else None
            )
            stack.callback(connection.close)
            return server, breakers, SearchableSessions(connection, breakers, "redis")

        yield make


@pytest.mark.slow
@pytest.mark.parametrize("search", ["without", "double", *(["module"] if MODULE else [])])
def test_sessions_are_found_by_their_fields_and_again_after_the_server_died(search: str, made: Callable[[str], Made]) -> None:
    server, breakers, store = made(search)
    dark = store.create("al-ice@example", theme="dark blue")
    light = store.create("al-ice@example", theme="light")
    store.create("bob", theme="light")
    assert store.find("al-ice@example", theme="dark blue") == {dark}
    assert store.find("al-ice@example") == {dark, light}
    assert store.find("nobody") == set()
    server.kill()
    denied(breakers, "redis")
    during = store.create("al-ice@example", theme="light")
    assert store.find("al-ice@example", theme="light") == {during}, "of those that are kept here"
    server.restart()
    allowed(breakers, "redis")
    until(lambda: store.settle() == 0, what="nothing is kept here any more")

    def found() -> bool:
        # By the index where there can be one, once it is complete.
        return store.find("al-ice@example", theme="light") == {during} and store._complete == (search != "without")

    until(found, what="found in a server that came back empty")
