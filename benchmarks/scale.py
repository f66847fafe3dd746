"""Thousands of targets at simulated servers: how late polls are, and what they cost."""

from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from http.client import IncompleteRead

import psutil

from benchmarks.measure import cpu_seconds
from tests.servers.daemon import Daemon
from tests.servers.waiting import until

LATENESS = "kvmon_poll_lateness_seconds"


@dataclass(frozen=True, slots=True)
class Numbers:
    """What was seen; lateness in seconds, by target."""

    lateness: list[float]
    cpu: float
    rss_mib: float
    page_mib: float
    page_seconds: float
    page_cpu: float
    start_seconds: float


def percentile(values: list[float], share: float) -> float:
    """The value below which that share of them lies."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


@contextmanager
def simulated() -> Iterator[subprocess.Popen[str]]:
    """A process full of servers; its port is what it says first. It ends with its input."""
    with subprocess.Popen(
        [sys.executable, "-m", "benchmarks.simulated"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGCONT)
            process.communicate()


def port(process: subprocess.Popen[str]) -> int:
    """Where it listens."""
    assert process.stdout is not None  # noqa: S101 - it is a pipe
    return int(process.stdout.readline())


def configuration(ports: tuple[int, int], number: int, interval: float, *, probes: bool, hung: int) -> dict[str, object]:
    """So many targets. The last ones, `hung` in number, are at the second port, the others at the first."""
    places = [f"redis://127.0.0.1:{ports[n >= number - hung]}" for n in range(number)]
    more = {} if probes else {"probe": "off"}
    return {
        "interval": f"{interval:g}s",
        "targets": [{"name": f"t{n:05}", "url": url, **more} for n, url in enumerate(places)],
    }


def late(daemon: Daemon, names: frozenset[str]) -> Iterable[float]:
    """How late the last polls of these were."""
    return (sample.value for sample in daemon.samples(LATENESS) if sample.labels["target"] in names)


def look(daemon: Daemon, names: frozenset[str], interval: float, seconds: float) -> Numbers:
    """Measure for so long. CPU is that of polling, looking not counted."""
    started = time.monotonic() - daemon.started
    # What was last polled while it was asked every second whether all are up says little; those that hang are found meanwhile.
    time.sleep(2 * interval)
    pid, lateness = daemon.process.pid, list[float]()
    spent = passed = 0.0
    while passed < seconds:
        before, begun = cpu_seconds(pid), time.monotonic()
        time.sleep(min(interval, seconds))
        spent, passed = spent + cpu_seconds(pid) - before, passed + time.monotonic() - begun
        lateness += late(daemon, names)
    before, begun = cpu_seconds(pid), time.perf_counter()
    try:
        size = len(daemon.get("/metrics", timeout=300).body)
    except IncompleteRead as cut:  # at the time limit of requests: that much came
        size = len(cut.partial)
    took = time.perf_counter() - begun
    rss = psutil.Process(pid).memory_info().rss
    page_cpu = cpu_seconds(pid) - before - spent / passed * took
    return Numbers(lateness, spent / passed, rss / 2**20, size / 2**20, took, page_cpu, started)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true", help="200 targets for 10 s")
    options.add_argument("--targets", type=int, default=2000)
    options.add_argument("--interval", type=float, default=15.0, help="seconds")
    options.add_argument("--seconds", type=float, default=60.0, help="how long to look")
    options.add_argument("--probes", action="store_true", help="with the default probes")
    options.add_argument("--hung", type=float, default=0.0, help="the share of targets whose server hangs, such as 0.1")
    options.add_argument("--json", action="store_true", help="the numbers on one line")
    given = options.parse_args()
    number, seconds = (200, 10.0) if given.quick else (given.targets, given.seconds)
    interval = 5.0 if given.quick else given.interval
    hung = int(number * given.hung)
    names = frozenset(f"t{n:05}" for n in range(number - hung))
    with ExitStack() as stack:
        good, bad = stack.enter_context(simulated()), stack.enter_context(simulated())
        ports = port(good), port(bad)
        daemon = stack.enter_context(Daemon(configuration(ports, number, interval, probes=given.probes, hung=hung), ready=False))

        def up() -> bool:
            time.sleep(1.0)  # looking costs as well
            with suppress(OSError):
                return sum(sample.value for sample in daemon.samples("redis_up")) == number
            return False

        until(up, within=interval * 4 + number / 10, what="all up")
        if hung:
            bad.send_signal(signal.SIGSTOP)
        seen = look(daemon, names, interval, seconds)
    p50, p99 = (percentile(seen.lateness, share) for share in (0.5, 0.99)) if seen.lateness else (float("nan"), float("nan"))
    if given.json:
        print(json.dumps({"targets": number, "hung": hung, "probes": given.probes, "p50": p50, "p99": p99, "cpu": seen.cpu,
                          "rss_mib": seen.rss_mib, "page_mib": seen.page_mib, "page_s": seen.page_seconds,
                          "page_cpu": seen.page_cpu, "start_s": seen.start_seconds}))  # fmt: skip
        return
    with_probes = "with probes" if given.probes else "without probes"
    print(f"{number} simulated targets, every {interval:g} s, {with_probes}, {hung} of them hung")
    print(f"all up {seen.start_seconds:.1f} s after the start")
    print(f"lateness p50 {p50:.3f} s, p99 {p99:.3f} s (reach: p99 < 1)")
    print(f"CPU {seen.cpu:.3f} cores (reach: < 1), resident memory {seen.rss_mib:.0f} MiB (reach: < 2048)")
    print(f"/metrics of all targets: {seen.page_mib:.1f} MiB in {seen.page_seconds:.2f} s, {seen.page_cpu:.2f} s of CPU")


if __name__ == "__main__":
    main()
