"""Faults without end over real servers: what leaks, what is missed, what breaks. Exit code 1 where something was found."""

from __future__ import annotations

import argparse
import re
import sys
import time
from contextlib import ExitStack
from random import Random

import psutil

from benchmarks.leaks import Trend, trend
from benchmarks.world import World
from tests.servers.kinds import available

NOISE = {"memory, MiB": 8.0, "threads": 2.0, "descriptors": 4.0, "tasks": 4.0, "series": 60.0, "window series": 2000.0}
"""By how much a number may grow after the warm-up. Memory is without the recent history, which has a bound of its own."""

BAD = re.compile(
    r"Traceback|request_failed|never retrieved|was destroyed but it is pending|Unclosed|ResourceWarning|\"critical\""
)
"""Words of a log that nobody wants to read."""


class Measured:
    """Numbers of the daemon over time, each taken while nothing is wrong."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._process = psutil.Process(world.daemon.process.pid)
        self._times: list[float] = []
        self._values: dict[str, list[float]] = {name: [] for name in NOISE}

    def take(self) -> None:
        """One more moment, once the numbers stand still."""
        world = self._world
        world.expect(lambda: world.settled, "the world at rest")
        daemon, process = world.daemon, self._process
        body = daemon.get("/metrics").text
        now = {
            "memory, MiB": (process.memory_info().rss - (daemon.value("kvmon_window_bytes") or 0.0)) / 2**20,
            "threads": process.num_threads(),
            "descriptors": process.num_fds(),
            "tasks": daemon.value("kvmon_event_loop_tasks") or 0.0,
            "series": sum(not line.startswith("#") for line in body.splitlines()),
            "window series": daemon.value("kvmon_window_series") or 0.0,
        }
        self._times.append(time.monotonic())
        for name, value in now.items():
            self._values[name].append(value)

    def trends(self) -> list[Trend]:
        """What became of each."""
        return [trend(name, self._times, values, noise=NOISE[name]) for name, values in self._values.items()]


def complaints(log: str) -> list[str]:
    """Lines of the log that should not be there."""
    return [line[:300] for line in log.splitlines() if BAD.search(line)]


def report(world: World, trends: list[Trend], minutes: float) -> int:
    """Prints what was found; how much that is."""
    ended = world.daemon.process.poll()
    if ended is None:
        world.expect(lambda: not world.untold(), "every alert told to its end")
    logged = complaints(world.daemon.logs)
    print(f"\n{minutes:.1f} minutes, {len(world.servers)} servers, {sum(world.done.values())} faults:", end=" ")
    print(", ".join(f"{number} x {name}" for name, number in sorted(world.done.items())))
    print(f"{len(world.hook.got)} notifications taken, {len(world.hook.refused)} refused by the receiver")
    print(f"{'':24}{'first':>10}{'last':>10}{'highest':>10}{'per hour':>12}")
    for each in trends:
        print(each)
    found = [*world.failures, *logged, *(f"{each.name} grows" for each in trends if each.leaks)]
    found += world.untold() if ended is None else [f"the daemon ended with {ended}"]
    for line in found:
        print(f"FOUND {line}")
    print("nothing was found" if not found else f"{len(found)} things were found; the log is {world.daemon.folder / 'log'}")
    return len(found)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--minutes", type=float, default=60.0)
    options.add_argument("--servers", type=int, default=5)
    options.add_argument("--seed", type=int, default=1, help="of the faults' order")
    options.add_argument("--only", nargs="*", default=None, help="these faults")
    given = options.parse_args()
    kinds = available()
    with ExitStack() as stack:
        world = World(stack, [kinds[n % len(kinds)] for n in range(given.servers)], Random(given.seed))  # noqa: S311 - an order that can be repeated, no secret
        measured, begun = Measured(world), time.monotonic()
        names = sorted(given.only or world.faults())
        while time.monotonic() - begun < given.minutes * 60 and world.daemon.process.poll() is None:
            world.random.shuffle(names)
            for name in names:
                world.play(name)
                if time.monotonic() - begun > given.minutes * 60 or world.daemon.process.poll() is not None:
                    break
            else:
                measured.take()
                print(f"{(time.monotonic() - begun) / 60:5.1f} min, {len(world.failures)} failures", flush=True)
        found = report(world, measured.trends(), (time.monotonic() - begun) / 60)
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
