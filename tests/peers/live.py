"""Pages of kvmon and of redis_exporter about the same server at the same time."""

from __future__ import annotations

import contextlib
import subprocess
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from tests.servers.kinds import tool
from tests.servers.pages import samples
from tests.servers.ports import free_port
from tests.servers.server import Server
from tests.servers.waiting import until

Series = tuple[str, frozenset[tuple[str, str]]]
"""A name with its labels."""


def fetch(url: str) -> str:
    with urllib.request.urlopen(url, timeout=30) as answer:
        return str(answer.read().decode())


def series(page: str) -> dict[Series, float]:
    """The samples of a page by name and labels."""
    return {(s.name, frozenset(s.labels.items())): s.value for s in samples(page)}


def types(page: str) -> dict[str, str]:
    """The declared type of each family by its name."""
    words = (line.split() for line in page.splitlines() if line.startswith("# TYPE "))
    return {name: kind for _, _, name, kind in words}


@contextmanager
def redis_exporter(server: Server, environment: Mapping[str, str] | None = None) -> Iterator[str]:
    """The URL of redis_exporter's page about this server, with its defaults or what the environment says."""
    port = free_port()
    process = subprocess.Popen(
        [tool("REDIS_EXPORTER"), f"-redis.addr=redis://{server.address}", f"-web.listen-address=127.0.0.1:{port}"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=dict(environment or {}),
    )  # fmt: skip
    url = f"http://127.0.0.1:{port}/metrics"

    def answers() -> bool:
        assert process.poll() is None, "redis_exporter ended"
        with contextlib.suppress(OSError):
            return "redis_up 1" in fetch(url)
        return False

    try:
        until(answers, what="redis_exporter answers")
        yield url
    finally:
        process.kill()
        process.wait(20)
