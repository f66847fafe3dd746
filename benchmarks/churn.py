"""Five hundred targets of a file_sd document, of which nine in ten are others every second: what leaks, who misses a poll.

Exit code 1 where something was found.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass
from typing import Any

import psutil

from tests.servers.daemon import Daemon
from tests.servers.server import Server
from tests.servers.waiting import until

STAY, CHANGE = 50, 450
COUNTED = ("redis_up", "redis_instance_info", "kvmon_collector_supported", "kvmon_restarts_total")
"""Names whose series are counted: some of each target. The whole page has 300,000, which a busy machine does not give in time."""
INTERVAL = 2.0
PATIENCE = 300.0
"""Seconds: five hundred connections begin at a pace that a busy machine can keep."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """What was seen. `fewest` polls of one that stayed, in so many `seconds`; the others before and after, at rest."""

    seconds: float
    changes: int
    fewest: float
    descriptors: tuple[int, int]
    memory: tuple[int, int]
    tasks: tuple[float, float]
    series: tuple[int, int]
    clients: int
    tracebacks: int

    @property
    def faults(self) -> list[str]:
        """What should not be so."""
        found = {
            "one that stayed missed a poll": self.fewest < self.seconds / INTERVAL - 2,
            "descriptors leak": self.descriptors[1] > self.descriptors[0] + 5,
            "memory leaks": self.memory[1] > self.memory[0] * 1.5 + (20 << 20),
            "tasks leak": self.tasks[1] > self.tasks[0] + 5,
            "series leak": self.series[1] > self.series[0] * 1.01,
            "connections leak": self.clients > STAY + CHANGE + 20,
            "the log has a traceback": self.tracebacks > 0,
        }
        return [fault for fault, so in found.items() if so]


def churn(seconds: float) -> Numbers:
    """Change the document every second for so long."""
    defaults = {"interval": f"{INTERVAL:g}s", "timeout": f"{INTERVAL:g}s", "probe": False}
    discovery = {"files": ["found.json"], "defaults": defaults}
    with Server(settings={"maxclients": "5000"}) as server, Daemon({"discovery": discovery}) as daemon:
        write(daemon, server, 0)
        until(lambda: at_rest(daemon, 0), PATIENCE, what="five hundred")
        process = psutil.Process(daemon.process.pid)
        before = held(daemon, process)
        polled, begun, generation = polls(daemon), time.monotonic(), 0
        while time.monotonic() - begun < seconds:
            generation += 1
            write(daemon, server, generation)
            time.sleep(1)
        after, took = polls(daemon), time.monotonic() - begun
        until(lambda: at_rest(daemon, generation), PATIENCE, what="the last five hundred, and nobody else")
        until(lambda: process.num_fds() <= before[0] + 5, what="the connections of those that went are closed")
        at_last = held(daemon, process)
        fewest = min(after[name] - polled[name] for name in polled)
        clients = int(server.info("clients")["connected_clients"])
        pairs = tuple(zip(before, at_last, strict=True))
        return Numbers(took, generation, fewest, *pairs, clients, daemon.logs.count("Traceback"))  # type: ignore[arg-type,call-arg]


def held(daemon: Daemon, process: psutil.Process) -> tuple[int, int, float, int]:
    """Descriptors, bytes of memory, tasks and series."""
    lines = daemon.get("/metrics?" + "&".join(f"name[]={name}" for name in COUNTED)).text.splitlines()
    tasks = daemon.value("kvmon_event_loop_tasks") or 0.0
    return process.num_fds(), process.memory_info().rss, tasks, sum(not line.startswith("#") for line in lines)


def write(daemon: Daemon, server: Server, generation: int) -> None:
    """The next document, all at once."""
    names = [*(f"stay{number}" for number in range(STAY)), *changing(generation)]
    groups: list[dict[str, Any]] = [{"targets": [server.address], "labels": {"target": name}} for name in names]
    (daemon.folder / "found.json.new").write_text(json.dumps(groups))
    (daemon.folder / "found.json.new").rename(daemon.folder / "found.json")


def changing(generation: int) -> set[str]:
    """Those that no other document names."""
    return {f"g{generation}-{number}" for number in range(CHANGE)}


def at_rest(daemon: Daemon, generation: int) -> bool:
    """Whether the document of this generation is what is watched, every target of it up."""
    found = {sample.labels["target"]: sample.value for sample in daemon.samples("redis_up")}
    return changing(generation) < found.keys() and len(found) == STAY + CHANGE and all(found.values())


def polls(daemon: Daemon) -> dict[str, float]:
    """How often each of those that stay was polled."""
    found = daemon.samples("redis_exporter_scrapes_total")
    return {sample.labels["target"]: sample.value for sample in found if sample.labels["target"].startswith("stay")}


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seconds", type=float, default=60.0, help="how long: %(default)s")
    found = churn(options.parse_args().seconds)
    print(found)
    print("faults:", "; ".join(found.faults) or "none")
    raise SystemExit(1 if found.faults else 0)


if __name__ == "__main__":
    main()
