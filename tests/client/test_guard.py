"""`guard()`: what reaches the caller, and what is counted."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
from collections.abc import Callable
from typing import Any

import pytest
import redis
import valkey.exceptions
from kvmon_client import AsyncClient, BreakerOpen
from kvmon_client.classify import outcome_of
from redis.backoff import NoBackoff
from redis.retry import Retry

from tests.client.doubles import breaker, document


@pytest.fixture
def client() -> AsyncClient:
    """It follows nobody, and counts outcomes."""
    return AsyncClient("http://127.0.0.1:1", reports=True)


def hear(client: AsyncClient, *rows: dict[str, Any]) -> None:
    client._board.snapshot(document(1, *rows))
    client._board.renew(60)


def counted(client: AsyncClient) -> list[tuple[str, str, str, str, int]]:
    batch = client._outcomes.batch()
    rows = json.loads(batch.body)["outcomes"] if batch else []
    return [(row["target"], row["op"], row["shard"], row["class"], row["count"]) for row in rows]


def test_a_call_that_may_go_is_tried_and_counted(client: AsyncClient) -> None:
    with client.guard("it", "read"):
        pass
    with pytest.raises(redis.TimeoutError), client.guard("it", "read"):
        raise redis.TimeoutError("Timeout reading from socket")
    assert counted(client) == [("it", "read", "", "ok", 1), ("it", "read", "", "timeout", 1)]


def test_a_denied_call_is_not_tried_and_says_why(client: AsyncClient) -> None:
    hear(client, breaker("open", op="write", reason_class="oom", retry_after_ms=4_200))
    with pytest.raises(BreakerOpen, match=r"denies write: oom; retry in 4\.2 s") as denied, client.guard("it", "write"):
        raise AssertionError("it was tried")
    assert (denied.value.target, denied.value.op, denied.value.retry_after, denied.value.reason) == ("it", "write", 4.2, "oom")
    assert counted(client) == []


def test_a_key_asks_and_counts_for_its_shard(client: AsyncClient) -> None:
    hear(client, breaker(shard="a", slots=[[0, 12_181]]), breaker("open", shard="b", slots=[[12_182, 16_383]]))
    with client.guard("it", "read", key="bar"):
        pass
    with pytest.raises(BreakerOpen, match=r"it \(shard b\)"), client.guard("it", "read", key="foo"):
        pass
    assert counted(client) == [("it", "read", "a", "ok", 1)]


def test_the_decorator_guards_each_call_of_functions_and_of_coroutine_functions(client: AsyncClient) -> None:
    @client.guard("it", "read")
    def double(number: int) -> int:
        return 2 * number

    @client.guard("it", "write")
    async def later(number: int) -> int:
        await asyncio.sleep(0)
        return number + 1

    async def both() -> list[int]:
        return list(await asyncio.gather(later(1), later(2)))

    assert (double(4), double.__name__) == (8, "double")
    assert asyncio.run(both()) == [2, 3]
    hear(client, breaker("open", op="read"), breaker("open", op="write"))
    with pytest.raises(BreakerOpen):
        double(1)
    with pytest.raises(BreakerOpen):
        asyncio.run(later(1))
    assert counted(client) == [("it", "read", "", "ok", 1), ("it", "write", "", "ok", 2)]


async def test_async_with_and_a_cancelled_call_counts_for_nothing(client: AsyncClient) -> None:
    async with client.guard("it", "read"):
        await asyncio.sleep(0)
    with pytest.raises(asyncio.CancelledError):
        async with client.guard("it", "write"):
            raise asyncio.CancelledError
    assert counted(client) == [("it", "read", "", "ok", 1)]


def test_a_policy_decides_what_is_unknown_and_its_own_errors_reach_nobody(caplog: pytest.LogCaptureFixture) -> None:
    assert AsyncClient("").allow("it")
    assert not AsyncClient("", when_unknown="deny").allow("it")
    picky = AsyncClient("", when_unknown=lambda target, op: (target, op) == ("it", "read"))
    assert (picky.allow("it", "read"), picky.allow("it", "write"), picky.allow("other")) == (True, False, False)
    with pytest.raises(BreakerOpen, match="denies write: unknown"), picky.guard("it", "write"):
        pass
    assert AsyncClient("", when_unknown=lambda *_: 1 / 0 > 0).allow("it")
    assert "could not be answered" in caplog.text
    with pytest.raises(ValueError, match="when_unknown"):
        AsyncClient("", when_unknown="maybe")  # type: ignore[arg-type]


@pytest.mark.parametrize("op", [None, 7, [], {}, ("a",)])
def test_odd_questions_get_an_answer_too(client: AsyncClient, op: Any) -> None:
    hear(client, breaker("open"))
    assert client.allow("it", op) is True


def test_nothing_about_an_outcome_reaches_the_caller(client: AsyncClient, caplog: pytest.LogCaptureFixture) -> None:
    class Unprintable(redis.ResponseError):
        def __str__(self) -> str:
            raise ZeroDivisionError

    with pytest.raises(Unprintable), client.guard("it", "read"):
        raise Unprintable
    with client.guard([], "read", key=7):  # type: ignore[arg-type]
        pass
    assert counted(client) == []
    assert "could not be counted" in caplog.text
    with pytest.raises(BreakerOpen), client.guard("it", "read"):
        raise BreakerOpen("another", "read")
    assert counted(client) == []


def raised(function: Callable[[], object]) -> BaseException:
    try:
        function()
    except BaseException as error:  # noqa: BLE001 - whatever it is
        return error
    raise AssertionError("nothing was raised")


def real_refusal() -> object:
    return redis.Redis(port=1, retry=Retry(NoBackoff(), 0), socket_timeout=5).ping()


def unknown_host() -> object:
    try:
        raise socket.gaierror(-2, "Name or service not known")
    except OSError as error:
        raise redis.ConnectionError("Error -2 connecting to cache:6379.") from error


CLASSES: list[tuple[BaseException, str | None]] = [
    (redis.exceptions.OutOfMemoryError("OOM command not allowed when used memory > 'maxmemory'."), "oom"),
    (redis.exceptions.ReadOnlyError("You can't write against a read only replica."), "readonly"),
    (redis.ResponseError("MISCONF Redis is configured to save RDB snapshots"), "misconf"),
    (redis.ResponseError("NOREPLICAS Not enough good replicas to write."), "noreplicas"),
    (redis.exceptions.ClusterDownError("CLUSTERDOWN The cluster is down"), "clusterdown"),
    (redis.exceptions.MasterDownError("MASTERDOWN Link with MASTER is down"), "masterdown"),
    (redis.BusyLoadingError("Redis is loading the dataset in memory"), "loading"),
    (redis.ResponseError("BUSY Redis is busy running a script."), "busy"),
    (redis.AuthenticationError("invalid username-password pair or user is disabled."), "auth"),
    (redis.ConnectionError("Connection closed by server."), "closed"),
    (redis.ConnectionError("max number of clients reached"), "maxclients"),
    (redis.TimeoutError("Timeout reading from socket"), "timeout"),
    (valkey.exceptions.TimeoutError("Timeout reading from socket"), "timeout"),
    (valkey.exceptions.OutOfMemoryError("command not allowed"), "oom"),
    (TimeoutError(), "timeout"),
    (ConnectionRefusedError(), "refused"),
    (ConnectionResetError(), "closed"),
    (ssl.SSLCertVerificationError(), "tls"),
    # What says nothing about the server:
    (redis.ResponseError("WRONGTYPE Operation against a key holding the wrong kind of value"), None),
    (redis.exceptions.NoPermissionError("NOPERM this user has no permissions"), None),
    (redis.exceptions.MaxConnectionsError("Too many connections"), None),
    (redis.WatchError("Watched variable changed."), None),
    (redis.DataError("Invalid input of type"), None),
    (redis.exceptions.MovedError("1 127.0.0.1:1"), None),
    (ValueError("mine"), None),
    (KeyError("mine"), None),
    (FileNotFoundError("mine"), None),
    (asyncio.CancelledError(), None),
    (KeyboardInterrupt(), None),
]


@pytest.mark.parametrize(("error", "outcome"), CLASSES, ids=lambda value: repr(value)[:40])
def test_what_an_exception_says_about_the_server(error: BaseException, outcome: str | None) -> None:
    assert outcome_of(error) == outcome


def test_a_connection_that_never_came_about_tells_why() -> None:
    assert outcome_of(raised(real_refusal)) == "refused"
    assert outcome_of(raised(unknown_host)) == "dns"
