"""Examples while their server is killed, full, or never was there."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest
import redis
from backend import Backend, backend, connect, connect_async
from bulk import Bulk
from cache_manager import CacheManager
from hybrid import Hybrid, Side
from kvmon_client import AsyncClient, BreakerOpen, Client, slot_of
from rate_limiter import RateLimiter
from realtime import Realtime
from session_store import SessionStore

from tests.examples.deployments import Deployment, StartDaemon, StartServer, one, probed, ready, valkey_cluster
from tests.servers.ports import free_port
from tests.servers.server import Server
from tests.servers.tls import Certificates
from tests.servers.waiting import until


@pytest.fixture
def deployment(start_server: StartServer, start_daemon: StartDaemon, certificates: Certificates) -> Deployment:
    return one(start_server, start_daemon, certificates)


@pytest.fixture
def here(deployment: Deployment) -> Backend:
    return backend(environment=deployment.environment)


@pytest.fixture
def server(here: Backend) -> Iterator[Any]:
    with connect(here) as connected:
        yield connected


@pytest.fixture
def breakers(deployment: Deployment) -> Iterator[Client]:
    with Client(deployment.daemon.url) as client:
        yield patient(client)


def patient(client: Client) -> Client:
    """It has heard the daemon, and where a part of the calls may go, its calls are of that part: nobody waits for the ramp."""
    client._board.chance = lambda: 0.0
    assert client.wait(60)
    return client


def denied(breakers: Client, *targets: str) -> None:
    until(
        lambda: not any(breakers.allow(target, op) for target in targets for op in ("read", "write")),
        what=f"{targets} denied",
    )


def allowed(breakers: Client | AsyncClient, *targets: str) -> None:
    until(
        lambda: all(breakers.verdict(target, op).state == "closed" for target in targets for op in ("read", "write")),
        what=f"{targets} allowed",
    )


def test_sessions_survive_the_death_of_their_server_and_move_to_it_when_it_is_back(
    deployment: Deployment, server: Any, breakers: Client
) -> None:
    store = SessionStore(server, breakers, "redis")
    before = store.create("alice", theme="dark")
    deployment.servers[0].kill()
    denied(breakers, "redis")
    during = store.create("alice", theme="light")
    assert store.get(during) == {"theme": "light", "user": "alice"}
    assert (store.get(before), store.of_user("alice")) == (None, {during})
    deployment.servers[0].restart()
    until(lambda: server_has(deployment.servers[0], f"session:{during}"), what="the session moved by itself")
    allowed(breakers, "redis")
    until(lambda: store.settle() == 0, what="nothing is kept here any more")
    assert store.get(during) == {"theme": "light", "user": "alice"}
    assert 0 < server.ttl(f"session:{during}") <= 3600


@pytest.mark.slow
def test_sessions_of_a_cluster_survive_a_failover(
    start_server: StartServer, start_daemon: StartDaemon, certificates: Certificates
) -> None:
    cluster = valkey_cluster(start_server, start_daemon, certificates)
    victim = cluster.servers[0]
    replica = start_server(cluster=True, settings={"cluster-node-timeout": "2000"})
    replica.command("CLUSTER", "MEET", "127.0.0.1", str(victim.port))
    name = victim.command("CLUSTER", "MYID")
    until(lambda: name in replica.command("CLUSTER", "NODES"), what="the replica has heard of its primary")
    replica.command("CLUSTER", "REPLICATE", name)
    until(lambda: replica.info("replication").get("master_link_status") == "up", what="a replica in step")
    with Client(cluster.daemon.url) as breakers, connect(backend(environment=cluster.environment)) as server:
        store = SessionStore(server, patient(breakers), "valkey")
        sessions = [store.create("alice", number=str(n)) for n in range(60)]
        until(lambda: replica.info("replication")["slave_repl_offset"] == victim.info("replication")["master_repl_offset"])
        victim.kill()
        denied_key = next(key for key in (f"session:{name}" for name in sessions) if slot_of(key) < 16_384 // 3)
        until(lambda: not breakers.allow("valkey", "write", key=denied_key), what="the shard of the victim is denied")
        sessions += [store.create("alice", number=str(n)) for n in range(60, 120)]
        until(lambda: replica.info("replication")["role"] == "master", what="the failover")
        until(lambda: breakers.allow("valkey", "write", key=denied_key), what="the shard is allowed again")
        until(lambda: store.settle() == 0, what="nothing is kept here any more")
        assert [(store.get(name) or {}).get("number") for name in sessions] == [str(n) for n in range(120)]
        assert store.of_user("alice") == set(sessions)


def server_has(server: Server, key: str) -> bool:
    return bool(server.command("EXISTS", key))


@pytest.mark.slow
async def test_a_cache_whose_server_is_killed_computes_and_asks_once_for_many(deployment: Deployment, here: Backend) -> None:
    computed = 0

    async def compute() -> int:
        nonlocal computed
        computed += 1
        await asyncio.sleep(0)
        return computed

    async with AsyncClient(deployment.daemon.url) as breakers, connect_async(here) as server:
        breakers._board.chance = lambda: 0.0
        assert await breakers.wait(60)
        cache = CacheManager(server, breakers, "redis")
        assert await asyncio.gather(*(cache.get("api", "question", compute) for _ in range(20))) == [1] * 20
        assert await cache.get("api", "question", compute) == 1
        assert await cache.get("code", "question", compute) == 2, "another kind is another key"
        lives = [await server.ttl(key) for key in await server.keys("cache:api:*")]
        assert [270 - 5 <= life <= 330 for life in lives] == [True]
        await asyncio.to_thread(deployment.servers[0].kill)
        assert await cache.get("api", "question", compute) == 3, "also before the breaker knows"
        await reach(lambda: not breakers.allow("redis", "read") and not breakers.allow("redis", "write"))
        assert await cache.get("api", "question", compute) == 4
        await asyncio.to_thread(deployment.servers[0].restart)
        await reach(lambda: breakers.verdict("redis", "write").state == breakers.verdict("redis").state == "closed")
        again = await cache.get("api", "another", compute)
        assert await cache.get("api", "another", compute) == again
        with pytest.raises(ZeroDivisionError):
            await cache.get("ai", "fails", fails)


async def fails() -> float:
    return 1 / 0


async def reach(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - it waits for another process
            await asyncio.sleep(0.02)


@pytest.mark.slow
async def test_a_status_is_followed_through_the_death_of_the_server(deployment: Deployment, here: Backend) -> None:
    async with AsyncClient(deployment.daemon.url) as breakers, connect_async(here) as server, asyncio.timeout(120):
        breakers._board.chance = lambda: 0.0
        assert await breakers.wait(60)
        live = Realtime(server, breakers, here)
        assert await live.tell("42", "queued")
        followed = live.follow("42")
        assert await anext(followed) == "queued", "what was told before somebody listened"
        heard = asyncio.ensure_future(anext(followed))
        assert await live.tell("42", "running")
        assert await heard == "running"
        heard = asyncio.ensure_future(anext(followed))
        await asyncio.to_thread(deployment.servers[0].kill)
        await reach(lambda: not breakers.allow("redis", "write"))
        assert not await live.tell("42", "lost")
        await asyncio.to_thread(deployment.servers[0].restart)
        # The server came back empty, so counting began anew; three make a number that was not seen.
        for status in ("again", "and again", "done"):
            await reach(lambda: breakers.allow("redis", "write"))
            while not await live.tell("42", status):  # noqa: ASYNC110 - it waits for a server
                await asyncio.sleep(0.05)
        assert await heard == "done"
        await followed.aclose()


def test_a_limit_holds_exactly_however_many_ask_at_once(server: Any, breakers: Client) -> None:
    limiter = RateLimiter(server, breakers, "redis", limit=25, window=3600)
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: limiter.take("alice"), range(200)))
    assert sum(answer.allowed for answer in answers) == 25
    assert {answer.remaining for answer in answers if answer.allowed} == set(range(25))
    assert all(0 < answer.retry_after <= 3600 for answer in answers)
    assert 0 < server.ttl("rate:alice") <= 3600, "a counter without an end would lock the user out for good"
    assert limiter.take("bob").allowed


@pytest.mark.slow
def test_a_limit_holds_in_each_process_while_the_server_is_dead(deployment: Deployment, server: Any, breakers: Client) -> None:
    limiter = RateLimiter(server, breakers, "redis", limit=3, window=3600)
    deployment.servers[0].kill()
    denied(breakers, "redis")
    begun = time.monotonic()
    assert [limiter.take("alice").allowed for _ in range(5)] == [True, True, True, False, False]
    assert time.monotonic() - begun < 1.0, "nobody waited for a timeout"


@pytest.mark.slow
def test_a_load_goes_on_where_it_was_when_its_server_is_killed_in_the_middle(
    deployment: Deployment, server: Any, breakers: Client
) -> None:
    victim = deployment.servers[0]
    reached = threading.Event()

    def items() -> Iterator[tuple[str, str]]:
        for n in range(6_000):
            if n == 3_000:
                reached.set()
                until(lambda: not breakers.allow("redis", "write"), what="the breaker saw it")
            yield f"bulk:{n}", str(n)

    def outage() -> None:
        assert reached.wait(60)
        victim.kill()
        denied(breakers, "redis")
        victim.restart()

    with ThreadPoolExecutor(1) as pool:
        ended = pool.submit(outage)
        assert Bulk(server, breakers, "redis").load(items(), within=60) == 6_000
        ended.result(60)
    # What was written before the crash was in memory only; all from then on is there.
    assert server.mget("bulk:3000", "bulk:5999") == ["3000", "5999"]
    assert server.dbsize() >= 3_000


@pytest.mark.slow
def test_a_load_that_cannot_go_on_says_why(deployment: Deployment, server: Any, breakers: Client) -> None:
    deployment.servers[0].kill()
    denied(breakers, "redis")
    with pytest.raises(BreakerOpen, match=r"refused|closed"):
        Bulk(server, breakers, "redis").load([("a", "1")], within=0.0)


@pytest.fixture
def migration(start_server: StartServer, start_daemon: StartDaemon) -> Iterator[tuple[Server, Server, Client]]:
    old, new = start_server(), start_server()
    daemon = start_daemon({"targets": [probed("old", old), probed("new", new)]})
    ready(daemon, "old", "new")
    with Client(daemon.url) as client:
        yield old, new, patient(client)


def side(name: str, server: Server) -> Side:
    return Side(name, connect(Backend(name, (("127.0.0.1", server.port),), tls=False, cluster=False)))


def test_a_migration_writes_to_both_and_reads_on_when_either_is_killed(migration: tuple[Server, Server, Client]) -> None:
    old, new, breakers = migration
    hybrid = Hybrid(side("old", old), side("new", new), breakers)
    hybrid.set("a", "1", ttl=600)
    assert (old.command("GET", "a"), new.command("GET", "a")) == ("1", "1")

    new.kill()
    denied(breakers, "new")
    begun = time.monotonic()
    hybrid.set("a", "2", ttl=600)
    hybrid.set("b", "3")
    hybrid.delete("c")
    assert time.monotonic() - begun < 1.0, "breakers decided, not timeouts"
    assert (hybrid.get("a"), hybrid.missed) == ("2", 3)
    new.restart()
    allowed(breakers, "new")
    until(lambda: hybrid.repair() == 0, what="the new one has what it missed")
    assert (new.command("GET", "a"), new.command("GET", "b")) == ("2", "3")
    assert 0 < new.command("TTL", "a") <= 600
    assert new.command("TTL", "b") == -1

    old.kill()
    denied(breakers, "old")
    assert hybrid.get("a") == "2", "from the other side"
    with pytest.raises(BreakerOpen):
        hybrid.set("a", "4")
    assert new.command("GET", "a") == "2", "what the first did not take is nowhere"


@pytest.mark.slow
def test_what_the_second_missed_is_not_read_from_it(migration: tuple[Server, Server, Client]) -> None:
    old, new, breakers = migration
    hybrid = Hybrid(side("old", old), side("new", new), breakers)
    hybrid.set("a", "1")
    new.config_set("maxmemory-policy", "noeviction")
    new.config_set("maxmemory", "1")
    until(lambda: not breakers.allow("new", "write"), what="the new one is full")
    hybrid.set("a", "2")
    old.kill()
    denied(breakers, "old")
    with pytest.raises(BreakerOpen):
        hybrid.get("a")


def test_without_kvmon_and_without_a_server_only_timeouts_are_left() -> None:
    nowhere = Backend("redis", (("127.0.0.1", free_port()),), tls=False, cluster=False)
    with Client(f"http://127.0.0.1:{free_port()}") as breakers:
        store = SessionStore(connect(nowhere), breakers, "redis")
        assert store.get(store.create("alice")) == {"user": "alice"}
        with pytest.raises(redis.ConnectionError):
            Hybrid(Side("redis", connect(nowhere)), Side("redis", connect(nowhere)), breakers).get("a")


def test_a_password_shows_nowhere() -> None:
    of = backend("azure_cache", {"AZURE_REDIS_HOST": "cache.example.net", "AZURE_REDIS_PASSWORD": "a/b+c="})
    assert of == replace(of, nodes=(("cache.example.net", 6380),))
    assert of.password == "a/b+c="
    assert "a/b+c=" not in repr(of)
