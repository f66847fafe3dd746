"""Ways to a real daemon: through a proxy without streams, over TLS with a password, and to the shards of a cluster."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
import urllib.request
from collections.abc import Callable
from queue import Queue
from typing import Any

import bcrypt
import pytest
from kvmon_client import AsyncClient, BreakerOpen, Client, Verdict

from tests.client.test_client import probing, reach, state
from tests.examples.deployments import valkey_cluster
from tests.servers.daemon import Daemon
from tests.servers.hostile import Behaviour, listening
from tests.servers.server import Server
from tests.servers.tls import Certificates
from tests.servers.waiting import until

StartServer = Callable[..., Server]
StartDaemon = Callable[..., Daemon]


def proxy_without_streams(port: int, asked: list[str]) -> Behaviour:
    """Hands everything to the port, but refuses the stream of events."""

    def handle(connection: socket.socket, _over: threading.Event) -> None:
        request = connection.recv(1 << 16)
        asked.append(request.split(b"\r\n")[0].decode())
        if b"/v1/events" in request:
            connection.sendall(b"HTTP/1.1 501 Not Implemented\r\nContent-Length: 0\r\n\r\n")
            return
        with socket.create_connection(("127.0.0.1", port), timeout=30) as daemon:
            daemon.sendall(request)
            while piece := daemon.recv(1 << 16):
                connection.sendall(piece)

    return handle


def test_long_polls_do_where_streams_do_not_come_through(valkey: Server, start_daemon: StartDaemon) -> None:
    daemon = start_daemon(probing(valkey))
    asked: list[str] = []
    with listening(proxy_without_streams(daemon.port, asked)) as port, Client(f"http://127.0.0.1:{port}") as client:
        until(lambda: state(client, "write") == "closed", what="followed by polls")
        before = len(asked)
        valkey.kill()
        until(lambda: not client.allow("it", "write"), what="denied")
        assert any("?index=" in line and "wait=4s" in line for line in asked)
        assert len(asked) - before < 30, "a poll waits for news"


async def test_tls_and_a_password_on_the_way(valkey: Server, start_daemon: StartDaemon, certificates: Certificates) -> None:
    web = {
        "tls_server_config": {"cert_file": certificates["server.pem"], "key_file": certificates["server.key"]},
        "basic_auth_users": {"app": bcrypt.hashpw(b"p@ss/word", bcrypt.gensalt(4)).decode()},
    }
    file = certificates.folder / "web.yml"
    file.write_text(json.dumps(web))
    daemon = start_daemon(probing(valkey, web={"config_file": str(file), "tokens": ["a-long-token"]}), ready=False)
    place = f"127.0.0.1:{daemon.port}"
    trusting = ssl.create_default_context(cafile=certificates["ca.pem"])
    async with AsyncClient(f"https://app:p%40ss%2Fword@{place}", tls=trusting) as client:
        await reach(lambda: state(client) == "closed")
    async with AsyncClient(f"https://{place}", token="a-long-token", tls=trusting) as client:
        await reach(lambda: state(client) == "closed")
        async with client.guard("it", "read"):
            pass
        await reach(lambda: client._outcomes.sent == 1)
    with Client(f"https://app:p%40ss%2Fword@{place}", tls=trusting) as other:
        assert other.wait(60)
        until(lambda: state(other) == "closed", what="the same in a thread")
    async with AsyncClient(f"https://{place}") as stranger:
        assert not await stranger.wait(0.3)
        assert stranger.allow("it")


def test_an_application_whose_own_way_is_broken_is_limited_and_no_other(valkey: Server, start_daemon: StartDaemon) -> None:
    daemon = start_daemon(probing(valkey))
    with Client(daemon.url, reports=True) as broken, Client(daemon.url, reports=True) as well:
        for client in (broken, well):
            until(lambda client=client: state(client) == state(client, "write") == "closed", what="followed")  # type: ignore[misc]

        def limited() -> bool:
            well.record("it", "write", "ok", 0.001)
            broken.record("it", "write", "timeout", 1.0)
            return broken.verdict("it", "write").advice == "limit"

        until(limited, what="told that it is its own trouble")
        found = broken.verdict("it", "write")
        assert (found.state, found.permit_ratio, found.reason_class) == ("closed", 0.1, "timeout")
        assert well.verdict("it", "write").advice == "allow"
        assert broken.verdict("it").advice == "allow"
        assert daemon.get("/v1/breakers/it/write").json()["breakers"][0]["advice"] == "allow"


@pytest.mark.slow
def test_each_key_of_a_cluster_is_answered_by_its_shard(
    start_server: StartServer, start_daemon: StartDaemon, certificates: Certificates
) -> None:
    cluster = valkey_cluster(start_server, start_daemon, certificates)
    first, second = "a", "b"  # slots 15495 and 3300: the last and the first third
    for server in cluster.servers:
        server.config_set("cluster-require-full-coverage", "no")  # else the whole cluster refuses when a part is gone
    with Client(cluster.daemon.url, reports=True) as client:
        until(lambda: client.verdict("valkey", "write", key=first).state == "closed", what="followed")
        assert client.verdict("valkey", "write", key=first).shard != client.verdict("valkey", "write", key=second).shard
        cluster.servers[0].kill()
        until(lambda: not client.allow("valkey", "write", key=second), what="the first third is denied")
        assert client.allow("valkey", "write", key=first)
        assert not client.allow("valkey", "write"), "without a key the worst answers"
        with pytest.raises(BreakerOpen) as denied, client.guard("valkey", "write", key=second):
            pass
        assert denied.value.shard == client.verdict("valkey", "write", key=second).shard != ""
        with client.guard("valkey", "write", key=first):
            pass
        until(lambda: client._outcomes.sent == 1, what="reported for its shard")
        shard = client.verdict("valkey", "write", key=first).shard
        cluster.daemon.until("kvmon_breaker_reporters", 1, target="valkey", op="write", shard=shard)


@pytest.mark.slow
def test_a_change_reaches_applications_at_once(
    valkey: Server, start_daemon: StartDaemon, capsys: pytest.CaptureFixture[str]
) -> None:
    daemon = start_daemon(probing(valkey))
    changes: Queue[tuple[float, Verdict]] = Queue()
    with Client(daemon.url) as client:
        until(lambda: state(client, "write") == "closed", what="followed")
        client.watch(lambda _before, after: changes.put((time.perf_counter(), after)))
        waits = sorted(decide(daemon, mode, changes) for mode in ["forced_open", "forced_closed"] * 100)
    with capsys.disabled():
        print(f"\ndecision to callback: p50 {1e3 * waits[100]:.1f} ms, p99 {1e3 * waits[197]:.1f} ms")  # noqa: T201 - a promise
    assert waits[197] < 5.0, "50 ms are promised; a slow machine gets more"


def decide(daemon: Daemon, mode: str, changes: Queue[tuple[float, Verdict]]) -> float:
    body = json.dumps({"state": mode, "ttl": "1m", "reason": "a test", "by": "a test"}).encode()
    request: Any = urllib.request.Request(
        f"{daemon.url}/v1/breakers/it/write/override", data=body, method="PUT", headers={"Content-Type": "application/json"}
    )
    begun = time.perf_counter()
    with urllib.request.urlopen(request, timeout=60):
        pass
    while True:
        at, verdict = changes.get(timeout=60)
        if verdict.mode == mode:
            return at - begun
