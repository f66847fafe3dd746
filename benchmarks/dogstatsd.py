"""What pushing through DogStatsD to another process costs: `python -m benchmarks.dogstatsd [--points 200000]`."""

from __future__ import annotations

import argparse
import asyncio
import socket
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from kvmon.clock import SystemClock
from kvmon.tell.sinks.datadog.dogstatsd import DogStatsdOutlet
from kvmon.tell.sinks.datadog.options import DatadogOptions
from kvmon.tell.sinks.datadog.point import Point
from tests.servers.waiting import until

SLICE = 100
"""Points between two turns of the event loop, as the daemon pushes."""

TAGS = ("redis_host:cache.example.net", "redis_port:6379", "redis_role:master", "target:sessions", "provider:self-hosted")


@dataclass(frozen=True, slots=True)
class Pushed:
    """What became of so many points."""

    points: int
    cpu: float
    """Seconds of this process, its thread that sends included."""
    seconds: float
    arrived: int
    counted_lost: int

    def __str__(self) -> str:
        unseen = self.points - self.arrived - self.counted_lost
        return (
            f"DogStatsD through a unix socket: {self.points / self.cpu:,.0f} points a second of CPU, "
            f"{self.points / self.seconds:,.0f} a second as they pass; lost and counted {self.counted_lost}, lost unseen {unseen}"
        )


def push(points: int) -> Pushed:
    """Push them as the daemon does, and ask the other side what has arrived."""
    with TemporaryDirectory(prefix="kvmon-") as folder:
        path = Path(folder) / "dsd"
        order = [sys.executable, "-m", "benchmarks.dogstatsd", "--listen", str(path), "--points", str(points)]
        with subprocess.Popen(order, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True) as listener:
            until(path.exists, what="the other side listens")
            outlet = DogStatsdOutlet(DatadogOptions(dogstatsd=f"unix://{path}"), clock=SystemClock())
            cpu, begun = time.process_time(), time.monotonic()
            asyncio.run(_push(outlet, points))
            until(lambda: not outlet.waiting, what="everything is sent")
            cpu, seconds = time.process_time() - cpu, time.monotonic() - begun
            lost = points - outlet.results["sent"]
            asyncio.run(outlet.close())
            told, _ = listener.communicate("", timeout=60)
    return Pushed(points, cpu, seconds, int(told), lost)


async def _push(outlet: DogStatsdOutlet, points: int) -> None:
    for number in range(points):
        outlet.send(Point("redis.keys", number, TAGS), 0.0)
        if number % SLICE == 0:
            await asyncio.sleep(0)


def listen(path: str, points: int) -> None:
    """Count lines until all have come, or nothing has for a second after our input ended."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as agent:
        agent.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * 1024 * 1024)
        agent.bind(path)
        agent.settimeout(5)
        count = 0
        try:
            while count < points:
                count += agent.recv(65_536).count(b"\n")
        except TimeoutError:
            pass
    print(count)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--points", type=int, default=200_000)
    options.add_argument("--listen", help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.listen:
        listen(given.listen, given.points)
    else:
        print(push(given.points))


if __name__ == "__main__":
    main()
