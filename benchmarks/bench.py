"""kvmon and redis_exporter watch the same real server, one after the other, in one run."""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import psutil

from benchmarks.dogstatsd import push
from benchmarks.measure import Latency, Traffic, cpu_seconds, latency, load
from tests.peers.live import fetch, redis_exporter
from tests.servers.daemon import Daemon
from tests.servers.kinds import available
from tests.servers.server import Server
from tests.servers.waiting import until


@dataclass(frozen=True, slots=True)
class Watcher:
    """One side of the comparison, running."""

    pid: int
    url: str
    scrape: bool
    """Whether it asks the server when it is asked (redis_exporter) or by itself."""
    started_in: float
    """Seconds from its start to its first page with the server up."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """What one side costs; times in milliseconds unless they say otherwise."""

    warm_cpu: float
    warm_probed: float
    warm_server_cpu: float
    cpu: float
    round_trips: float
    connections: float
    server_cpu: float
    kept: Latency
    fresh: Latency
    rss_mib: float
    start_seconds: float


def run_for(watcher: Watcher | None, rounds: int, interval: float) -> None:
    """Lets that many polls happen, one an interval."""
    begun = time.monotonic()
    for number in range(1, rounds + 1):
        if watcher is not None and watcher.scrape:
            fetch(watcher.url)
        time.sleep(max(0.0, begun + number * interval - time.monotonic()))


@dataclass(frozen=True, slots=True)
class Plan:
    """How long to look, and what the quiet server takes by itself (`idle_cpu`, in seconds a second).

    `requests` are scrapes, and polls back to back.
    """

    rounds: int
    interval: float
    requests: int
    idle_cpu: float


PROBES = 15
"""Probes between two polls at the usual intervals of a second and of 15."""


def back_to_back(watcher: Watcher, server: Server, plan: Plan) -> tuple[float, float, float]:
    """CPU milliseconds of a poll or scrape, of a poll with its probes, and what a poll costs the server, without a pause."""

    def polls(probes: int = 0) -> float:
        if watcher.scrape:
            before = cpu_seconds(watcher.pid)
            for _ in range(plan.requests):
                fetch(watcher.url)
            return (cpu_seconds(watcher.pid) - before) / plan.requests * 1000
        order = [sys.executable, "-m", "benchmarks.poll", server.url, str(plan.requests), str(probes)]
        return float(subprocess.run(order, capture_output=True, text=True, check=True, timeout=600).stdout)

    with load(server):
        polls()
        own, probed = polls(), polls(PROBES)
    before, seen = time.monotonic(), Traffic.of(server)
    polls()
    since, lasted = Traffic.of(server).since(seen), time.monotonic() - before
    return own, probed, max(0.0, since.cpu - plan.idle_cpu * lasted) / max(1, since.infos) * 1000


def measure(watcher: Watcher, server: Server, plan: Plan) -> Numbers:
    """All numbers of one side."""
    warm_cpu, warm_probed, warm_server_cpu = back_to_back(watcher, server, plan)
    rounds, interval, requests = plan.rounds, plan.interval, plan.requests
    with load(server):
        run_for(watcher, 3, interval)
        before, asked = cpu_seconds(watcher.pid), Traffic.of(server)
        run_for(watcher, rounds, interval)
        polls = max(1, Traffic.of(server).since(asked).infos)
        cpu = (cpu_seconds(watcher.pid) - before) / polls * 1000
        kept = latency(watcher.url, requests, kept=True)
        fresh = latency(watcher.url, requests, kept=False)
    begun, quiet = time.monotonic(), Traffic.of(server)
    run_for(watcher, rounds, interval)
    seen, lasted = Traffic.of(server).since(quiet), time.monotonic() - begun
    polls = max(1, seen.infos)
    return Numbers(
        warm_cpu=warm_cpu,
        warm_probed=warm_probed,
        warm_server_cpu=warm_server_cpu,
        cpu=cpu,
        round_trips=seen.reads / polls,
        connections=seen.connections / polls,
        server_cpu=max(0.0, seen.cpu - plan.idle_cpu * lasted) / polls * 1000,
        kept=kept,
        fresh=fresh,
        rss_mib=psutil.Process(watcher.pid).memory_info().rss / 2**20,
        start_seconds=watcher.started_in,
    )


@contextmanager
def kvmon(server: Server, interval: float) -> Iterator[Watcher]:
    begun = time.monotonic()
    every = f"{round(interval * 1000)}ms"
    # What is asked in every poll at the usual 15 s is asked in every poll here too: a poll costs here what it costs there.
    collectors = {name: {"every": every} for name in ("slowlog", "latency")}
    configuration = {"interval": every, "targets": [{"name": "it", "url": server.url, "collectors": collectors, "probe": "off"}]}
    with Daemon(configuration, ready=False) as daemon:
        url = f"{daemon.url}/metrics"
        yield Watcher(daemon.process.pid, url, scrape=False, started_in=first_page(url, begun))


@contextmanager
def exporter(server: Server) -> Iterator[Watcher]:
    begun = time.monotonic()
    with redis_exporter(server) as url:
        started = time.monotonic() - begun
        pid = next(child.pid for child in psutil.Process().children() if "exporter" in " ".join(child.cmdline()[:1]))
        yield Watcher(pid, url, scrape=True, started_in=started)


def with_probes(server: Server, seconds: float) -> float:
    """CPU milliseconds in 15 s with everything as it is by default: a poll, and probes every second."""
    with Daemon({"targets": [{"name": "it", "url": server.url}]}) as daemon, load(server):
        time.sleep(5)
        before, begun = cpu_seconds(daemon.process.pid), time.monotonic()
        time.sleep(seconds)
        return (cpu_seconds(daemon.process.pid) - before) / (time.monotonic() - begun) * 15_000


def asking(server: Server, requests: int) -> tuple[Latency, float]:
    """How long asking a breaker takes over HTTP, and how often a second one client can that does nothing else."""
    with Daemon({"targets": [{"name": "it", "url": server.url}]}) as daemon:
        url = f"{daemon.url}/v1/breakers/it/write/allow"
        begun = time.monotonic()
        took = latency(url, requests, kept=True)
        return took, requests / (time.monotonic() - begun)


def first_page(url: str, begun: float) -> float:
    def up() -> bool:
        with contextlib.suppress(OSError):
            return any(line.startswith("redis_up") and line.endswith(" 1") for line in fetch(url).splitlines())
        return False

    until(up, what="the first page with the server up")
    return time.monotonic() - begun


def table(own: Numbers, its: Numbers | None) -> None:
    """Prints one row for each number: ours, theirs, the ratio, and the goal."""
    rows: tuple[tuple[str, Callable[[Numbers], float], str], ...] = (
        ("CPU per poll or scrape, back to back, ms", lambda n: n.warm_cpu, "ratio <= 0.10"),
        ("the same with 15 probes to a poll, ms", lambda n: n.warm_probed, "ratio <= 0.35"),
        ("server CPU per poll, back to back, ms", lambda n: n.warm_server_cpu, "ratio <= 0.4"),
        ("CPU per poll or scrape, with pauses, ms", lambda n: n.cpu, ""),
        ("round trips per poll", lambda n: n.round_trips, "1"),
        ("new connections per poll", lambda n: n.connections, "0"),
        ("server CPU per poll, with pauses, ms", lambda n: n.server_cpu, ""),
        ("/metrics p50, kept connection, ms", lambda n: n.kept.p50, ""),
        ("/metrics p99, kept connection, ms", lambda n: n.kept.p99, "ratio <= 0.25"),
        ("/metrics p50, new connection, ms", lambda n: n.fresh.p50, ""),
        ("/metrics p99, new connection, ms", lambda n: n.fresh.p99, "ratio <= 0.25"),
        ("resident memory, MiB", lambda n: n.rss_mib, "<= 80"),
        ("start to first metrics, s", lambda n: n.start_seconds, "<= 1.5"),
    )
    print(f"{'':42}{'kvmon':>10}{'exporter':>10}{'ratio':>8}  goal")
    for title, of, reach in rows:
        ours, theirs = of(own), None if its is None else of(its)
        other = "-" if theirs is None else f"{theirs:.3f}"
        ratio = "-" if not theirs else f"{ours / theirs:.3f}"
        print(f"{title:42}{ours:>10.3f}{other:>10}{ratio:>8}  {reach}")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true", help="short windows: the shape of the numbers only")
    options.add_argument("--kind", default=available()[-1], help="which server: %(default)s")
    options.add_argument("--interval", type=float, default=1.0, help="seconds between polls")
    given = options.parse_args()
    rounds, requests = (6, 60) if given.quick else (40, 1000)
    interval = min(given.interval, 0.5) if given.quick else given.interval
    with Server(given.kind) as server:
        with load(server, per_second=1000):
            time.sleep(1)  # every command of the load is in the command statistics before anybody looks
        before = cpu_seconds(server.pid)
        time.sleep(3)
        idle = (cpu_seconds(server.pid) - before) / 3
        plan = Plan(rounds, interval, requests, idle)
        print(f"{given.kind}, {rounds} polls at {interval:g} s, {requests} requests")
        with kvmon(server, interval) as watcher:
            own = measure(watcher, server, plan)
        its = None
        if os.environ.get("REDIS_EXPORTER"):
            with exporter(server) as watcher:
                its = measure(watcher, server, plan)
        else:
            print("REDIS_EXPORTER names no redis_exporter: nothing to compare with")
        table(own, its)
        probed = with_probes(server, 15 if given.quick else 60)
        ratio = "" if its is None else f", {probed / its.cpu:.3f} of one scrape by redis_exporter"
        print(f"CPU of 15 s as they pass, with default probes: {probed:.1f} ms{ratio}")

        took, rate = asking(server, 10 * requests)
        print(f"allow over HTTP, one client: p50 {took.p50:.3f} ms, p99 {took.p99:.3f} ms, {rate:,.0f} a second")
        print(push(20_000 if given.quick else 200_000))


if __name__ == "__main__":
    main()
