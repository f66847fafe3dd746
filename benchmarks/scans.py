"""Millions of keys on three shards: what scans count, how exact it is, what it costs, and whether it goes on after a SIGKILL."""

from __future__ import annotations

import argparse
import multiprocessing
import random
import statistics
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

import psutil

from benchmarks.measure import cpu_seconds
from benchmarks.population import KINDS, fill, numbers, weights
from tests.servers.client import Client
from tests.servers.cluster import form
from tests.servers.daemon import Daemon
from tests.servers.server import HOST, Server
from tests.servers.waiting import until

SCANNED = ("scan", "type", "pttl", "memory|usage", "llen", "hlen")
"""What a scan of these keys asks, as the servers count commands."""

HOUR = 3600.0
"""Seconds."""

CORES = sorted(psutil.Process().cpu_affinity())
"""Those of this machine. kvmon has the last one where there are several, as it seldom runs where servers do."""

IDLE = 0.01
"""Commands a second: no scan to speak of."""

TURNS = ("none", "elsewhere", "here", "here", "elsewhere", "none")
"""Where is scanned, segment by segment: what drifts meanwhile hits all alike.

Cores share a cache, and maybe more: what kvmon itself needs slows down who runs beside it, whomever it asks. So it also scans
servers of the same size that nobody uses, on its own core; the difference to that is about what the scan costs the servers.
"""

SHARE = 0.02
"""Of a server's time: what is the default."""


class Bench:
    """The cluster, the daemon, and what was found; `failures` are what should not be."""

    def __init__(self, stack: ExitStack, kind: str, keys: int, commands: float) -> None:
        self.keys, self.commands = keys, commands
        self.failures: list[str] = []
        self.shards = [stack.enter_context(Server(kind, cluster=True)) for _ in range(3)]
        for server in self.shards:
            psutil.Process(server.pid).cpu_affinity(CORES[:-1] or CORES)
        self.others = [stack.enter_context(Server(kind)) for _ in self.shards]
        for server in self.others:
            psutil.Process(server.pid).cpu_affinity(CORES[-1:])
            fill([server], keys // len(self.others))
        form(self.shards)
        begun = time.monotonic()
        fill(self.shards, keys)
        self.known = weights(self.shards)
        used = sum(int(server.info("memory")["used_memory"]) for server in self.shards)
        print(f"{keys:,} keys, {used / 2**20:,.0f} MiB on 3 shards, made and weighed in {time.monotonic() - begun:.0f} s")
        self.folder = stack.enter_context(Daemon("", ready=False)).folder
        self._stack = stack

    def configuration(self, *, every: float, commands: float, elsewhere: float = IDLE) -> dict[str, Any]:
        """Each kind of keys but the last is a workload; `commands` a second and node, and of the servers that nobody uses."""
        workloads = [{"name": kind.prefix[:-1], "keys": f"{kind.prefix}*"} for kind in KINDS[:-1]]

        def target(name: str, server: Server, topology: str, commands: float) -> dict[str, Any]:
            scan = {"every": f"{every:g}s", "commands": commands, "server_time": SHARE}
            return {
                "name": name, "url": server.url, "topology": topology, "workloads": workloads, "scan": scan, "probe": "off"
            }  # fmt: skip

        others = [target(f"other{place}", server, "standalone", elsewhere) for place, server in enumerate(self.others)]
        return {
            "interval": "1s", "timeout": "900ms", "targets": [target("it", self.shards[0], "cluster", commands), *others],
            "state_dir": str(self.folder / "state"),
        }  # fmt: skip

    def start(self, *, every: float) -> Daemon:
        """A daemon with the same state as the one before."""
        daemon = self._stack.enter_context(Daemon(self.configuration(every=every, commands=self.commands)))
        psutil.Process(daemon.process.pid).cpu_affinity(CORES[-1:])
        return daemon

    def expect(self, what: str, holds: bool) -> None:  # noqa: FBT001 - it reads as a sentence
        """Say it, and remember where it does not hold."""
        print(f"{'ok  ' if holds else 'BAD '} {what}")
        if not holds:
            self.failures.append(what)


class Spent(NamedTuple):
    """What servers did for scans so far: commands, and seconds of their time; and all SCANs alone."""

    commands: int
    seconds: float
    scans: int

    @classmethod
    def of(cls, servers: Sequence[Server]) -> Spent:
        """As they count it."""
        count = scans = 0
        seconds = 0.0
        for server in servers:
            stats = server.info("commandstats")
            for name in SCANNED:
                fields = dict(pair.split("=") for pair in stats.get(f"cmdstat_{name}", "calls=0,usec=0").split(","))
                count += int(fields["calls"])
                seconds += int(fields["usec"]) / 1e6
                scans += int(fields["calls"]) if name == "scan" else 0
        return cls(count, seconds, scans)


def killed_and_resumed(bench: Bench) -> Daemon:
    """One pass with a SIGKILL in its middle: what was counted by then is not counted again."""
    for server in bench.shards:
        server.command("CONFIG", "RESETSTAT")
    begun = time.monotonic()
    daemon = bench.start(every=HOUR)

    def progress(least: float) -> float:
        now = daemon.value("kvmon_scan_progress_ratio", target="it") or 0.0
        return now if now >= least else 0.0

    reached = until(lambda: progress(0.5), within=HOUR, what="half of a pass")
    until(lambda: progress(min(0.95, reached + 0.1)), within=HOUR, what="a little more")
    daemon.process.kill()
    daemon.process.wait(30)
    asked = Spent.of(bench.shards)
    daemon = bench.start(every=HOUR)
    resumed = until(lambda: progress(0.001), within=60, what="the pass")
    until(lambda: daemon.value("kvmon_scan_shards", target="it", state="counted") == 3, within=HOUR, what="all shards")
    took, spent = time.monotonic() - begun, Spent.of(bench.shards)
    again = spent.scans / max(1, asked.scans)
    print(f"a pass took {took:.0f} s, with {spent.commands:,} commands and {spent.seconds:.2f} s of the servers' time")
    bench.expect(
        f"killed beyond {reached:.0%}, it went on at {resumed:.0%} ({again:.2f} times the SCANs of before)", resumed > 0.3
    )
    busy = spent.seconds / took / len(bench.shards)
    bench.expect(f"servers were busy with it {busy:.2%} of the time (budget {SHARE:.0%})", busy <= SHARE)
    rate = spent.commands / took / len(bench.shards)
    bench.expect(f"{rate:.0f} commands a second and node (budget {bench.commands:.0f})", rate <= bench.commands)
    return daemon


def exact(bench: Bench, daemon: Daemon) -> None:
    """Counts and memory against what is known."""
    for prefix, count in list(numbers(bench.keys).items())[:-1]:
        name = prefix[:-1]
        found, memory, error = (
            daemon.value(f"kvmon_workload_{what}", target="it", workload=name) or 0.0
            for what in ("keys", "memory_bytes", "memory_error_bytes")
        )
        bench.expect(f"{name}: {found:,.0f} keys of {count:,} ({found / count - 1:+.3%})", abs(found / count - 1) <= 0.01)
        known = bench.known[prefix]
        bench.expect(
            f"{name}: {memory / 2**20:,.1f} MiB of {known / 2**20:,.1f} ({memory / known - 1:+.2%}, said ± {error / known:.2%})",
            abs(memory - known) <= error,
        )


def reading(ports: Sequence[int], keys: int, rate: float, pipe: Connection) -> None:
    """A workload: sessions are read one after the other. Each word through the pipe is answered with latencies since the last."""
    psutil.Process().cpu_affinity(CORES[:-1] or CORES)
    clients = [Client(HOST, port) for port in ports]
    chance = random.Random(1)  # noqa: S311 - no secret
    names: list[list[str]] = [[] for _ in clients]
    while min(map(len, names)) < 2000:
        name = f"session:{chance.randrange(round(keys * KINDS[0].share))}"
        slot = clients[0].command("CLUSTER", "KEYSLOT", name)
        names[next(place for place in range(len(ports)) if slot < 16_384 * (place + 1) // len(ports))].append(name)
    took: list[float] = []
    number, due = 0, time.perf_counter()
    while True:
        place = number % len(clients)
        begun = time.perf_counter()
        clients[place].command("GET", names[place][number // len(clients) % 2000])
        took.append(time.perf_counter() - begun)
        number += 1
        due = max(due + 1 / rate, begun)
        time.sleep(max(0.0, due - time.perf_counter()))
        if pipe.poll():
            if pipe.recv() == "end":
                return
            pipe.send(took)
            took = []


def goes_on(servers: Sequence[Server]) -> None:
    """Waits until a scan asks them."""
    asked = Spent.of(servers).scans
    until(lambda: Spent.of(servers).scans > asked, what="the scan goes on")


class Segment(NamedTuple):
    """Some seconds of the workload: milliseconds of its requests, and CPU of a server (cores)."""

    p50: float
    p99: float
    cpu: float


def overhead(bench: Bench, daemon: Daemon, *, segments: int, seconds: float, rate: float) -> None:
    """The workload without a scan, with one of other servers, and with that of its own, in turn."""
    near, far = multiprocessing.get_context("spawn").Pipe()
    arguments = ([server.port for server in bench.shards], bench.keys, rate, far)
    process = multiprocessing.get_context("spawn").Process(target=reading, args=arguments, daemon=True)
    process.start()
    found: dict[str, list[Segment]] = {turn: [] for turn in TURNS}
    before = Spent.of(bench.shards)
    for number in range(3 * segments):
        turn = TURNS[number % len(TURNS)]
        here, elsewhere = (bench.commands if turn == place else IDLE for place in ("here", "elsewhere"))
        daemon.write(bench.configuration(every=1, commands=here, elsewhere=elsewhere))
        daemon.reload()
        time.sleep(2)
        if turn != "none":
            goes_on(bench.shards if turn == "here" else bench.others)
        near.send("since here")
        near.recv()
        cpu, begun = sum(cpu_seconds(server.pid) for server in bench.shards), time.monotonic()
        time.sleep(seconds)
        near.send("and now")
        took = sorted(near.recv())
        cores = (sum(cpu_seconds(server.pid) for server in bench.shards) - cpu) / (time.monotonic() - begun) / len(bench.shards)
        p50, p99 = (1000 * took[int(len(took) * share)] for share in (0.5, 0.99))
        found[turn].append(Segment(p50, p99, cores))
    near.send("end")
    process.join(30)
    spent = Spent.of(bench.shards)
    asked = spent.scans - before.scans
    print(f"{segments} times {seconds:g} s each, {rate:g} reads a second over 3 shards; {asked:,} SCANs meanwhile")
    usual = {turn: Segment(*map(statistics.median, zip(*rows, strict=True))) for turn, rows in found.items()}
    for turn, rows in found.items():
        low, _, high = statistics.quantiles([row.p99 for row in rows], n=4)
        mean = usual[turn]
        print(f"scan {turn}: p50 {mean.p50:.3f} ms, p99 {mean.p99:.3f} ms (half of the segments: {low:.3f} to {high:.3f} ms)")
    worse = usual["here"].p99 / usual["none"].p99 - 1
    bench.expect(f"p99 with the scan against none: {worse:+.1%}", worse <= 0.05)
    print(f"p99 with the scan against one of other servers: {usual['here'].p99 / usual['elsewhere'].p99 - 1:+.1%}")
    more = usual["here"].cpu - usual["none"].cpu
    bench.expect(
        f"CPU of a server {usual['none'].cpu:.2%} of a core without, {usual['here'].cpu:.2%} with: {more:+.2%} of a core",
        more <= 0.05,
    )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true", help="60,000 keys, three segments of 3 s")
    options.add_argument("--keys", type=int, default=5_000_000)
    options.add_argument("--kind", default="valkey-wheel", help="the servers, as tests name them")
    options.add_argument("--commands", type=float, default=200.0, help="the budget of a scan, a second and node")
    options.add_argument("--segments", type=int, default=12, help="of the workload, for each place that is scanned")
    options.add_argument("--seconds", type=float, default=6.0, help="of a segment")
    options.add_argument("--rate", type=float, default=8000.0, help="reads a second")
    given = options.parse_args()
    keys, segments, seconds = (60_000, 3, 3.0) if given.quick else (given.keys, given.segments, given.seconds)
    with ExitStack() as stack:
        bench = Bench(stack, given.kind, keys, 2000.0 if given.quick else given.commands)
        daemon = killed_and_resumed(bench)
        exact(bench, daemon)
        overhead(bench, daemon, segments=segments, seconds=seconds, rate=given.rate)
        print(f"resident memory of kvmon {psutil.Process(daemon.process.pid).memory_info().rss / 2**20:.0f} MiB")
    sys.exit(1 if bench.failures else 0)


if __name__ == "__main__":
    main()
