"""Keys that nobody should have, and what looking at them costs: no error, no long command, no memory. Exit code 1 otherwise."""

from __future__ import annotations

import argparse
import os
import random
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.population import Pipe
from tests.servers.daemon import Daemon
from tests.servers.server import Server
from tests.servers.waiting import until

LONG = 50
"""Milliseconds of a command that are too many."""

MEMORY = 200
"""MiB of resident memory that are too much."""

MIB = 1 << 20
TOGETHER = 1000
"""Elements in one command that fills."""

LARGE = ("string", "set", "hash", "zset", "list", "stream", "field", "items", "entries")
"""What the large keys are called, after `big:`."""

BINARY = (b"\x00", b"\xff\xfe\r\n", b"'\"\\ {}*?[", "schl\u00fcssel".encode("utf-16"), b" ", b"%s%d")


class Giants:
    """Two servers, the first with such keys, and what was found; `failures` are what should not be."""

    def __init__(self, stack: ExitStack, kind: str, string: int, elements: int, names: int) -> None:
        self.failures: list[str] = []
        self.source = stack.enter_context(Server(kind))
        begun = time.monotonic()
        fill(self.source, string, elements, names)
        used = int(self.source.info("memory")["used_memory"])
        print(f"{self.source.command('DBSIZE'):,} keys, {used / MIB:,.0f} MiB, made in {time.monotonic() - begun:.0f} s")
        self.destination = stack.enter_context(Server(kind, replica_of=self.source))
        up = lambda: self.destination.info("replication").get("master_link_status") == "up"  # noqa: E731 - one line is enough
        until(up, 600, what="the copy")
        self.destination.command("REPLICAOF", "NO", "ONE")
        for server in (self.source, self.destination):
            server.command("CONFIG", "SET", "slowlog-log-slower-than", LONG * 1000)
            server.command("SLOWLOG", "RESET")

    def expect(self, what: str, holds: bool) -> None:  # noqa: FBT001 - it reads as a sentence
        """Say it, and remember where it does not hold."""
        print(f"{'ok  ' if holds else 'BAD '} {what}")
        if not holds:
            self.failures.append(what)

    def fine(self, who: str, mib: float) -> None:
        """No long command of kvmon's since the last time, and memory within bounds."""
        self.expect(f"{who}: {mib:.0f} MiB at most (bound {MEMORY})", mib <= MEMORY)
        for server in (self.source, self.destination):
            long = [entry for entry in server.command("SLOWLOG", "GET", 100) if entry[5] != "churn"]
            server.command("SLOWLOG", "RESET")
            told = "; ".join(f"{' '.join(entry[3])[:60]} {entry[2] / 1000:.0f} ms" for entry in long[:5])
            self.expect(f"{who}: {len(long)} commands of more than {LONG} ms {told}", not long)


def fill(server: Server, string: int, elements: int, names: int) -> None:
    """A string of so many bytes, a set of so many elements, others of a tenth, so many names of 1 MiB, and usual keys."""
    pipe = Pipe(server)
    pipe.send(("SETRANGE", "big:string", string - 1, "x"))
    makers: dict[str, Callable[[int], tuple[str | int, ...]]] = {
        "set": lambda n: (f"member:{n}",), "hash": lambda n: (f"field:{n}", n), "zset": lambda n: (n, f"member:{n}"),
        "list": lambda n: (f"item:{n}",),
    }  # fmt: skip
    for kind, command in (("set", "SADD"), ("hash", "HSET"), ("zset", "ZADD"), ("list", "RPUSH")):
        for start in range(0, elements if kind == "set" else elements // 10, TOGETHER):
            pipe.send((command, f"big:{kind}", *(word for n in range(start, start + TOGETHER) for word in makers[kind](n))))
    for number in range(elements // 20):
        pipe.send(("XADD", "big:stream", f"{1_700_000_000_000 + number}-0", "field", number))
    pipe.send(("XGROUP", "CREATE", "big:stream", "mails", "0"))
    pipe.send(("HSET", "big:field", *(word for number in range(150) for word in (f"field:{number}", "small"))))
    pipe.send(("HSET", "big:field", "large", "x" * (string // 64)))
    for number in range(3):
        pipe.send(("RPUSH", "big:items", "x" * (string // 16)))
        pipe.send(("XADD", "big:entries", f"{1_700_000_000_000 + number}-0", "field", "x" * (string // 16)))
    for number in range(names):
        pipe.send(("SET", f"name:{number}:" + "n" * MIB, number))
    for place, name in enumerate(BINARY):
        pipe.send(("SET", name, place))  # type: ignore[arg-type] # names are bytes here
    for number in range(20_000):
        pipe.send(("SET", f"plain:{number}", "x" * (number % 200)))
    pipe.close()


@contextmanager
def churning(server: Server) -> Iterator[None]:
    """Keys come, expire, and become another type from one command to the next."""
    over = threading.Event()

    def work() -> None:
        chance = random.Random(1)  # noqa: S311 - no secret
        with server.client(timeout=120) as client:
            client.command("CLIENT", "SETNAME", "churn")
            while not over.wait(0.0005):
                name = f"churn:{chance.randrange(300)}"
                client.command("DEL", name)
                client.command(
                    *chance.choice([
                        ("SET", name, "x", "PX", 20), ("RPUSH", name, "a", "b"), ("SADD", name, "a"), ("HSET", name, "a", "b"),
                        ("ZADD", name, 1, "a"), ("XADD", name, "*", "a", "b"),
                    ])
                )  # fmt: skip
                if chance.random() < 0.3:
                    client.command("PEXPIRE", name, chance.randrange(1, 50))

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(60)
        server.command("DEL", *(f"churn:{number}" for number in range(300)))


def peak(pid: int) -> float:
    """MiB of resident memory that a process had at most."""
    found = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    return int(found[1]) / 1024 if found else 0.0


def watched(giants: Giants) -> None:
    """The daemon: workloads, keys by name, streams, queues, and a migration that draws keys."""
    named = [f"big:{name}" for name in LARGE]
    keys = {
        "every": "1s", "single": named, "patterns": ["big:*", "churn:1*"], "counts": ["*"], "groups": ["^(%a+):"],
        "single_streams": ["big:stream", "big:entries"], "streams": ["churn:*"],
        "queues": ["big:list", "big:items", "big:stream"],
    }  # fmt: skip
    workloads = [{"name": word, "keys": f"{word}:*"} for word in ("big", "name", "churn", "plain")]
    scan = {"every": "1s", "commands": 5000, "server_time": 0.2}
    source = {"name": "source", "url": giants.source.url, "topology": "standalone", "workloads": workloads, "scan": scan}
    migration = {
        "source": "source", "destination": "destination", "every": "1s", "commands": 5000, "server_time": 0.2, "settle": "200ms",
    }  # fmt: skip
    destination = {"name": "destination", "url": giants.destination.url, "topology": "standalone"}
    configuration = {
        "interval": "1s", "timeout": "900ms", "migration": migration,
        "targets": [{**source, "collectors": {"keys": keys}, "probe": "off"}, {**destination, "probe": "off"}],
    }  # fmt: skip
    with churning(giants.source), Daemon(configuration) as daemon:

        def passes() -> float:
            return daemon.value("kvmon_scan_completed_timestamp_seconds", target="source") or 0.0

        first = until(passes, 600, what="a pass")
        until(lambda: passes() > first, 600, what="another pass")
        until(lambda: (daemon.value("kvmon_migration_compared_keys_total") or 0) > 1000, 300, what="keys of the migration")
        giants.expect("plain keys are counted", daemon.value("kvmon_workload_keys", workload="plain") == 20_000)
        until(lambda: daemon.samples("redis_key_size", key="big:string"), what="large keys")
        shown = {sample.labels["key"] for sample in daemon.samples("redis_key_size")}
        giants.expect("every large key has its size", set(named) <= shown)
        failed = [f"{s.name}{s.labels} {s.value:g}" for s in daemon.samples("kvmon_scan_failures_total") if s.value]
        failed += [f"{s.name}{s.labels} {s.value:g}" for s in daemon.samples("kvmon_collector_failures_total") if s.value]
        failed += ["unreachable"] * int(daemon.value("kvmon_migration_reason", reason="unreachable") or 0)
        failed += ["a traceback"] * ("Traceback" in daemon.logs)
        giants.expect(f"no failures {'; '.join(failed)}", not failed)
        mib = peak(daemon.process.pid)
    giants.fine("kvmon run", mib)


def command(giants: Giants, *words: str) -> None:
    """A command of kvmon's as a process of its own."""
    begun = time.monotonic()
    process = subprocess.Popen([sys.executable, "-m", "kvmon", *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert process.stdout is not None  # noqa: S101 - it is a pipe
    told = process.stdout.read().decode(errors="replace")
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    who = f"kvmon {words[0]}"
    giants.expect(f"{who}: exit code {process.returncode} after {time.monotonic() - begun:.0f} s", process.returncode == 0)
    if process.returncode:
        print(told[-3000:])
    giants.fine(who, usage.ru_maxrss / 1024)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--quick", action="store_true", help="64 MiB, 200,000 elements, 20 names of 1 MiB")
    options.add_argument("--string", type=int, default=512, help="MiB of the largest value")
    options.add_argument("--elements", type=int, default=10_000_000, help="of the largest set")
    options.add_argument("--names", type=int, default=500, help="keys whose names have 1 MiB")
    options.add_argument("--kind", default="valkey-wheel", help="the servers, as tests name them")
    given = options.parse_args()
    string, elements, names = (64, 200_000, 20) if given.quick else (given.string, given.elements, given.names)
    with ExitStack() as stack:
        giants = Giants(stack, given.kind, string * MIB, elements, names)
        watched(giants)
        command(giants, "keys", giants.source.url, "--every-key", "--ops", "100000", "--json")
        quick = ("--ops", "100000", "--server-time", "1", "--settle", "0.2")
        command(giants, "migrate", giants.source.url, giants.destination.url, *quick)
    sys.exit(1 if giants.failures else 0)


if __name__ == "__main__":
    main()
