"""When a server is left alone, by what its last poll said."""

from __future__ import annotations

import pytest

from kvmon.model.metrics.catalogue.derived import CPU
from kvmon.model.metrics.sample import Sample
from kvmon.model.snapshot import Snapshot
from kvmon.model.targets.address import Address
from kvmon.model.targets.target import Node, Target
from kvmon.watch.scans.stress import BUSY, REASONS, stress

ADDRESS = Address("h", 6379)
NODE = Node(Target("it", (ADDRESS,)), ADDRESS)
BUSY_NOW, IDLE = [Sample(CPU, BUSY + 0.05, ("main",))], [Sample(CPU, BUSY - 0.05, ("main",))]


def told(samples: list[Sample], *, up: bool = True, **facts: str) -> Snapshot:
    return Snapshot(NODE, at=0.0, duration=0.0, lateness=0.0, up=up, samples=samples, facts=facts)


@pytest.mark.parametrize(
    ("snapshot", "reason"),
    [
        (None, "down"),
        (told([], up=False), "down"),
        (told([]), ""),
        (told([], loading="1"), "loading"),
        (told([], async_loading="1"), "loading"),
        (told([], master_sync_in_progress="1"), "syncing"),
        (told(BUSY_NOW), "cpu"),
        (told(IDLE), ""),
        (told([Sample(CPU, BUSY + 0.05, ("all",))]), "cpu"),
        (told(BUSY_NOW, io_threads_active="1"), ""),
        (told(BUSY_NOW, io_threads_active="1", used_active_time_main_thread="1.5"), "cpu"),
    ],
)
def test_a_server_in_need_is_left_alone(snapshot: Snapshot | None, reason: str) -> None:
    assert stress(snapshot) == reason
    assert not reason or reason in REASONS
