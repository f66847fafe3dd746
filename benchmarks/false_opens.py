"""A healthy server, and every core busy with something else: a breaker that opens now is wrong."""

from __future__ import annotations

import argparse
import multiprocessing
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.servers.daemon import Daemon
from tests.servers.following import Change, Follower
from tests.servers.kinds import available
from tests.servers.server import Server
from tests.servers.waiting import until


@dataclass(frozen=True, slots=True)
class Numbers:
    """What was seen: changes to open, tries, and those left out because kvmon itself was late."""

    opened: tuple[Change, ...]
    tries: int
    tainted: int


def spin(end: float) -> None:
    """Use a core until then (monotonic seconds)."""
    while time.monotonic() < end:
        sum(range(10_000))


@contextmanager
def busy(seconds: float, processes: int) -> Iterator[None]:
    """So many processes that do nothing but compute."""
    end = time.monotonic() + seconds
    made = [multiprocessing.Process(target=spin, args=(end,), daemon=True) for _ in range(processes)]
    for process in made:
        process.start()
    try:
        yield
    finally:
        for process in made:
            process.terminate()
            process.join(20)


def measure(kind: str, seconds: float, processes: int) -> Numbers:
    """Watch a healthy server for so long, with the defaults, beside so many busy processes."""
    with Server(kind) as server, Daemon({"targets": [{"name": "it", "url": server.url}]}) as daemon, Follower(daemon) as follower:
        for op in ("read", "write"):
            follower.became(op, "closed", 0.0)
        with busy(seconds + 60, processes):
            end = time.monotonic() + seconds
            until(lambda: time.monotonic() >= end, within=seconds + 60)
        tries = sum(sample.value for sample in daemon.samples("kvmon_probes_total", target="it"))
        tainted = daemon.value("kvmon_probes_tainted_total", target="it") or 0
        return Numbers(tuple(each for each in follower.changes if each.state == "open"), int(tries), int(tainted))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--minutes", type=float, default=10.0, help="how long to look: %(default)s")
    options.add_argument("--processes", type=int, default=2 * (os.cpu_count() or 1), help="busy ones: %(default)s")
    options.add_argument("--kind", default=available()[-1], help="which server: %(default)s")
    given = options.parse_args()
    found = measure(given.kind, 60 * given.minutes, given.processes)
    print(f"{given.minutes:g} minutes beside {given.processes} busy processes: {found.tries} tries, {found.tainted} left out")
    print(f"opened without a reason: {len(found.opened)} times, goal 0")
    for change in found.opened:
        print(f"  {change.op} {change.reason}")
    raise SystemExit(1 if found.opened else 0)


if __name__ == "__main__":
    main()
