"""Servers that answer what no server should."""

from __future__ import annotations

import asyncio
import gc
from asyncio import StreamReader, StreamWriter
from collections.abc import Awaitable, Callable

import psutil
import pytest

from kvmon.errors import ConnectionLost, Denied, ProtocolBroken, TargetError, Timeout
from kvmon.watch.wire import Connection
from tests.watch.wire.conftest import PATIENCE, Answerer


async def ask(
    connection: Callable[..., Connection],
    hostile: Callable[..., Awaitable[int]],
    answer: Answerer,
    *,
    seconds: float = PATIENCE,
    count: int = 1,
) -> TargetError:
    wire = connection(await hostile(answer), limit=1024 * 1024)
    await wire.connect(PATIENCE)
    with pytest.raises(TargetError) as caught:
        await wire.ask([("INFO",)] * count, seconds)
    assert not wire.connected
    return caught.value


def says(*pieces: bytes, then_waits: bool = True) -> Answerer:
    async def answer(reader: StreamReader, writer: StreamWriter) -> None:
        await reader.readuntil(b"INFO\r\n")
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
        if then_waits:
            await reader.read()

    return answer


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x00\xff\x16\x03\x01", b"\r\n\r\n", b":x\r\n",
        b"*1\r\n" * 20 + b":1\r\n", b"*1\r\n" * 50_000,
        b"%1\r\n*0\r\n+a\r\n", b"%1\r\n+a\r\n+b\r\n", b"+OK\r\n+OK\r\n", b"+OK\r\n+O",
    ],
    ids=["http", "binary", "empty", "no number", "nested", "nested far", "impossible map", "map", "one more", "a bit more"],
)  # fmt: skip
async def test_what_is_no_answer_is_refused(
    connection: Callable[..., Connection], hostile: Callable[..., Awaitable[int]], answer: bytes
) -> None:
    error = await ask(connection, hostile, says(answer))
    assert isinstance(error, ProtocolBroken)
    assert error.reason == "protocol"


@pytest.mark.parametrize(
    "pieces",
    [
        [b"$52428800\r\n", *[b"x" * 65_536] * 800], [b"+", *[b"x" * 65_536] * 800], [b"*4000000000\r\n"],
        [b"*3\r\n:1\r\n", b"*20000", b"00000\r\n"],
    ],
    ids=["50 MB INFO", "endless line", "huge list", "huge list in pieces"],
)  # fmt: skip
async def test_what_is_too_large_is_refused(
    connection: Callable[..., Connection], hostile: Callable[..., Awaitable[int]], pieces: list[bytes]
) -> None:
    error = await ask(connection, hostile, says(*pieces))
    assert isinstance(error, ProtocolBroken)
    assert error.reason == "too_large"


async def test_what_a_failed_answer_left_is_let_go_of_before_anybody_looks_for_garbage(
    connection: Callable[..., Connection], hostile: Callable[..., Awaitable[int]]
) -> None:
    gc.collect()
    gc.disable()
    try:
        before = psutil.Process().memory_info().rss
        for _ in range(40):
            await ask(connection, hostile, says(b"+", *[b"x" * 500_000] * 4))
        grown = psutil.Process().memory_info().rss - before
    finally:
        gc.enable()
    assert grown < 70 << 20, "forty times a megabyte came and was kept twice; what the server here has not sent stays its own"


async def test_a_slow_drip_ends_at_the_deadline(
    connection: Callable[..., Connection], hostile: Callable[..., Awaitable[int]]
) -> None:
    async def drip(reader: StreamReader, writer: StreamWriter) -> None:
        await reader.readuntil(b"INFO\r\n")
        writer.write(b"$100000\r\n")
        while True:
            writer.write(b"x")
            await writer.drain()
            await asyncio.sleep(0.02)

    assert isinstance(await ask(connection, hostile, drip, seconds=0.3), Timeout)


@pytest.mark.parametrize("answer", [b"", b"$100\r\nhalf", b"*2\r\n:1\r\n"])
async def test_a_server_that_leaves_in_the_middle(
    connection: Callable[..., Connection], hostile: Callable[..., Awaitable[int]], answer: bytes
) -> None:
    assert isinstance(await ask(connection, hostile, says(answer, then_waits=False)), ConnectionLost)


async def test_too_few_answers_are_a_timeout(
    connection: Callable[..., Connection], hostile: Callable[..., Awaitable[int]]
) -> None:
    assert isinstance(await ask(connection, hostile, says(b"+OK\r\n"), count=2, seconds=0.3), Timeout)


async def test_bytes_that_nobody_asked_for_are_noticed_before_the_next_question(
    connection: Callable[..., Connection], hostile: Callable[..., Awaitable[int]]
) -> None:
    async def chatter(reader: StreamReader, writer: StreamWriter) -> None:
        await reader.readuntil(b"INFO\r\n")
        writer.write(b"+one\r\n")
        await reader.readuntil(b"INFO\r\n")
        writer.write(b"+two\r\n")
        await writer.drain()
        writer.write(b"+stray\r\n")
        await reader.read()

    wire = connection(await hostile(chatter))
    await wire.connect(PATIENCE)
    assert await wire.ask([("INFO",)], PATIENCE) == [b"one"]
    # The stray answer comes together with the second, or lies there when the third question is asked.
    with pytest.raises(ProtocolBroken):  # noqa: PT012
        await wire.ask([("INFO",)], PATIENCE)
        async with asyncio.timeout(PATIENCE):
            while not wire._unread():  # noqa: ASYNC110 - bytes that come make no event
                await asyncio.sleep(0)
        await wire.ask([("INFO",)], PATIENCE)


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (b"-ERR max number of clients reached\r\n", "maxclients"),
        (b"-DENIED Redis is running in protected mode because\r\n", "protected"),
    ],
)  # fmt: skip
async def test_a_server_that_denies_and_leaves(
    connection: Callable[..., Connection], hostile: Callable[..., Awaitable[int]], words: bytes, reason: str
) -> None:
    async def deny(reader: StreamReader, writer: StreamWriter) -> None:
        writer.write(words)
        await writer.drain()
        writer.write_eof()
        await reader.read()

    with pytest.raises(Denied) as caught:
        await connection(await hostile(deny, welcome=False)).connect(PATIENCE)
    assert caught.value.reason == reason


async def test_a_text_that_looks_like_a_huge_list_is_a_text(
    connection: Callable[..., Connection], hostile: Callable[..., Awaitable[int]]
) -> None:
    text = b"a\r\n*99999999\r\nb" * 3
    wire = connection(await hostile(says(b"*2\r\n$%d\r\n%b\r\n:1\r\n" % (len(text), text))))
    await wire.connect(PATIENCE)
    assert await wire.ask([("INFO",)], PATIENCE) == [[text, 1]]
