"""A thousand streams and five hundred long polls hear of a change, and cost little."""

from __future__ import annotations

import asyncio
import json
import resource
import time
from collections.abc import Callable, Iterator

import psutil
import pytest

from tests.servers.daemon import Daemon
from tests.servers.server import Server
from tests.servers.waiting import until

pytestmark = pytest.mark.slow

STREAMS, POLLS = 1_000, 500
OPEN = b'"state":"open"'


@pytest.fixture(autouse=True)
def descriptors() -> Iterator[None]:
    """This process holds the other ends of all connections. The daemon raises its own limit."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    if before[1] != resource.RLIM_INFINITY and before[1] < 4_096:
        pytest.skip("this system allows too few open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (4_096, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def connect(port: int, path: str) -> Streams:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
    writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
    return reader, writer  # one that nobody holds is closed


async def stream(port: int, ready: asyncio.Semaphore) -> float:
    reader, writer = await connect(port, "/v1/events")
    async for line in reader:
        if line.startswith(b"event: snapshot"):
            ready.release()
        if b'"breaker":' in line and OPEN in line and b'"op":"write"' in line:
            writer.close()
            return time.monotonic()
    raise AssertionError("the stream ended")


async def poll(port: int, index: int) -> float:
    while True:
        reader, writer = await connect(port, f"/v1/breakers/it/write?index={index}&wait=5s")
        answer = await reader.read()
        writer.close()
        if OPEN in answer.replace(b" ", b""):
            return time.monotonic()


async def test_all_hear_of_a_change(
    valkey: Server, start_daemon: Callable[..., Daemon], capfd: pytest.CaptureFixture[str]
) -> None:
    daemon = start_daemon({"targets": [{"name": "it", "url": valkey.url}]})

    def closed() -> int:
        found = json.loads(daemon.get("/v1/breakers/it/write").body)
        return int(found["index"]) if found["breakers"][0]["state"] == "closed" else 0

    index = await asyncio.to_thread(until, closed)
    process = psutil.Process(daemon.process.pid)
    before = process.memory_info().rss
    ready = asyncio.Semaphore(0)
    async with asyncio.timeout(120):
        streams = [asyncio.create_task(stream(daemon.port, ready)) for _ in range(STREAMS)]
        for _ in range(STREAMS):
            await ready.acquire()
        polls = [asyncio.create_task(poll(daemon.port, index)) for _ in range(POLLS)]
        while (await asyncio.to_thread(daemon.value, "kvmon_breaker_followers") or 0) < STREAMS + POLLS / 2:
            pass
        grown = process.memory_info().rss - before
        await asyncio.to_thread(valkey.kill)
        heard = sorted(await asyncio.gather(*streams))
        polled = sorted(await asyncio.gather(*polls))
    hundred, last, slowest = (1000 * (at - heard[0]) for at in (heard[99], heard[-1], polled[-1]))
    told = f"100 streams {hundred:.0f} ms, {STREAMS} {last:.0f} ms, {POLLS} polls {slowest:.0f} ms after the first"
    with capfd.disabled():
        print(f"\n{told}; {grown / 2**20:.0f} MiB more")  # noqa: T201 - a measurement
    assert grown < 100 * 2**20
