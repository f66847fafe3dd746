"""A notifier that runs, made from the text of an alertmanager.yml."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TypeVar

import yaml

from kvmon.clock import SystemClock
from kvmon.config.alerting import Alerting
from kvmon.daemon.notifying import NotifyLoop
from kvmon.journal.store import Journal
from kvmon.model.alert import Notice
from kvmon.tell.notify.alertmanager_file import AlertmanagerFile
from kvmon.tell.notify.build import build
from kvmon.tell.notify.routing import Routing

T = TypeVar("T")


def routing_of(text: str, *, external_url: str = "http://kvmon.example") -> Routing:
    def complain(place: object, words: str) -> None:
        raise AssertionError(f"{place}: {words}")

    found = build(AlertmanagerFile.model_validate(yaml.safe_load(text)), complain, external_url=external_url)
    assert found is not None
    return found


def notice(at: float, *, ends_at: float | None = None, annotations: dict[str, str] | None = None, **labels: str) -> Notice:
    """One that fires for ten minutes, unless it says when it ended."""
    return Notice(
        tuple(sorted(labels.items())), tuple(sorted((annotations or {}).items())), at, at + 600 if ends_at is None else ends_at
    )


async def eventually(condition: Callable[[], T], *, what: str = "", within: float = 60.0) -> T:
    """The first true answer, asked again between turns of the loop."""
    end = asyncio.get_running_loop().time() + within
    while not (answer := condition()):
        assert asyncio.get_running_loop().time() < end, f"not within {within:g} s: {what}"
        await asyncio.sleep(0.02)
    return answer


@asynccontextmanager
async def running(alerting: Alerting, state_dir: Path | None = None) -> AsyncIterator[NotifyLoop]:
    """The deliver loop as the daemon runs it."""
    journal = Journal.open(state_dir)
    loop = NotifyLoop(alerting, journal=journal, clock=SystemClock(), version="test")
    task = asyncio.create_task(loop.run())
    try:
        yield loop
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await journal.close()
