"""Pushes without an Agent, to the double of Datadog's API."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kvmon.clock import ManualClock
from kvmon.tell.sinks.datadog.agentless.outlet import AgentlessOutlet
from kvmon.tell.sinks.datadog.options import DatadogOptions
from kvmon.tell.sinks.datadog.point import Point
from tests.tell.sinks.datadog.intake import KEY, Intake


def outlet(intake: Intake, clock: ManualClock, folder: Path | None = None, **options: Any) -> AgentlessOutlet:
    given = {"api_key": KEY, "api": intake.url, "hostname": "here", "tags": ("env:test",), **options}
    return AgentlessOutlet(
        DatadogOptions.model_validate(given), clock=clock, state_dir=str(folder) if folder else None, chance=lambda: 0.0
    )


def results(way: AgentlessOutlet) -> dict[str, float]:
    return {s.labels[0]: s.value for s in way.samples() if s.spec.name == "kvmon_datadog_points_total" and s.value}


async def pushed(way: AgentlessOutlet, clock: ManualClock, *values: float) -> float | None:
    """Push some values of one metric; the pause that delivery then wants."""
    for value in values:
        way.send(Point("redis.keys", value), clock.time())
    await way.end_push()
    return await way.sender.deliver()
