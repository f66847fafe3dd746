from __future__ import annotations

from collections.abc import Iterator

import pytest

from kvmon.clock import ManualClock
from tests.tell.sinks.datadog.intake import Intake


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def intake(clock: ManualClock) -> Iterator[Intake]:
    with Intake(clock.time) as started:
        yield started
