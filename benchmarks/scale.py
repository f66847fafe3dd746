"""Thousands of targets on a few real servers: how late polls are, and what they cost."""

from __future__ import annotations

import argparse
import time
from contextlib import ExitStack

import psutil

from benchmarks.measure import cpu_seconds
from tests.servers.daemon import Daemon
from tests.servers.server import Server
from tests.servers.waiting import until

LATENESS = "kvmon_poll_lateness_seconds"


def percentile(values: list[float], share: float) -> float:
    """The value below which that share of them lies."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true", help="200 targets for 10 s")
    options.add_argument("--targets", type=int, default=2000)
    options.add_argument("--servers", type=int, default=4)
    options.add_argument("--interval", type=float, default=15.0, help="seconds")
    options.add_argument("--seconds", type=float, default=60.0, help="how long to look")
    given = options.parse_args()
    number, seconds = (200, 10.0) if given.quick else (given.targets, given.seconds)
    interval = 5.0 if given.quick else given.interval
    with ExitStack() as stack:
        settings = {"maxclients": "20000"}
        servers = [stack.enter_context(Server("valkey-wheel", settings=settings)) for _ in range(given.servers)]
        targets = [{"name": f"t{n:05}", "url": servers[n % len(servers)].url} for n in range(number)]
        daemon = stack.enter_context(Daemon({"interval": f"{interval:g}s", "targets": targets}))
        until(lambda: sum(s.value for s in daemon.samples("redis_up")) == number, within=interval * 4 + 60, what="all up")
        lateness: list[float] = []
        before, begun = cpu_seconds(daemon.process.pid), time.monotonic()
        while time.monotonic() - begun < seconds:
            time.sleep(min(interval, seconds))
            lateness += [sample.value for sample in daemon.samples(LATENESS)]
        cpu = (cpu_seconds(daemon.process.pid) - before) / (time.monotonic() - begun)
        memory = psutil.Process(daemon.process.pid).memory_info().rss / 2**20
        took = time.perf_counter()
        size = len(daemon.get("/metrics", timeout=120).body)
        took = time.perf_counter() - took
    print(f"{number} targets on {given.servers} servers, every {interval:g} s")
    if lateness:
        print(f"lateness p50 {percentile(lateness, 0.5):.3f} s, p99 {percentile(lateness, 0.99):.3f} s (reach: p99 < 1)")
    else:
        print(f"no {LATENESS} on the page")
    print(f"CPU {cpu:.3f} cores (reach: < 1), resident memory {memory:.0f} MiB")
    print(f"/metrics of all targets: {size / 2**20:.1f} MiB in {took:.2f} s")


if __name__ == "__main__":
    main()
