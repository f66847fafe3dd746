"""A password in a file that changes every few seconds while the server ends every connection: which polls and probes fail.

Exit code 1 where one did. Tokens: `pytest -m slow tests/daemon/test_tokens.py`.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests.servers.daemon import Daemon
from tests.servers.server import Server
from tests.servers.waiting import until

USER = "watcher"


@dataclass(frozen=True, slots=True)
class Numbers:
    """`changes` of the password, `polls`, and how many of them `failed`; `opened`: changes of breakers meanwhile."""

    changes: int
    polls: int
    failed: int
    opened: int
    told: tuple[str, ...] = ()
    """What the log says of it."""


def rotate(seconds: float, every: float) -> Numbers:
    """For so long, a new password after each `every` seconds."""
    users = {USER: "on >0 resetchannels -@all +@all ~*"}
    with tempfile.TemporaryDirectory() as folder, Server(users=users) as server:
        file = Path(folder) / "password"
        file.write_text("0\n")
        probe = {"interval": "200ms", "write_every": "400ms"}
        target = {"name": "it", "url": server.url, "username": USER, "password_file": str(file), "probe": probe}
        with Daemon({"interval": "1s", "timeout": "1s", "targets": [target]}) as daemon:
            for op in ("read", "write"):
                daemon.until("kvmon_breaker_state", 1, target="it", op=op, state="closed")
            begun, number = time.monotonic(), 0
            before = of_breakers(daemon)
            while time.monotonic() - begun < seconds:
                number += 1
                server.command("ACL", "SETUSER", USER, f">{number}")
                file.write_text(f"{number}\n")
                server.command("ACL", "SETUSER", USER, f"<{number - 1}")
                newest = max(watchers(server))
                server.command("CLIENT", "KILL", "USER", USER)
                until(lambda: min(watchers(server), default=0) > newest, what="back with the new password")  # noqa: B023
                time.sleep(max(0.0, begun + number * every - time.monotonic()))
            failed = sum(
                sample.value
                for sample in daemon.samples("kvmon_collector_failures_total")
                if sample.labels["collector"] == "poll"
            )
            polls = daemon.value("redis_exporter_scrapes_total", target="it") or 0
            told = tuple(line for line in daemon.logs.splitlines() if "is down" in line)
            return Numbers(number, int(polls), int(failed), int(of_breakers(daemon) - before), told)


def watchers(server: Server) -> list[int]:
    """The ids of kvmon's connections."""
    lines = server.command("CLIENT", "LIST").splitlines()
    return [int(line.partition(" ")[0].removeprefix("id=")) for line in lines if f" user={USER} " in line]


def of_breakers(daemon: Daemon) -> float:
    """Changes of breakers up to now."""
    return sum(sample.value for sample in daemon.samples("kvmon_breaker_transitions_total"))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seconds", type=float, default=60.0, help="how long: %(default)s")
    options.add_argument("--every", type=float, default=3.0, help="seconds between changes: %(default)s")
    given = options.parse_args()
    found = rotate(given.seconds, given.every)
    print(found)
    raise SystemExit(1 if found.failed or found.opened else 0)


if __name__ == "__main__":
    main()
