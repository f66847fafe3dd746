"""What waits for Datadog's API: through an outage, a restart, and within its bounds."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from kvmon.clock import ManualClock
from kvmon.tell.sinks.datadog.agentless.queue import TOO_OLD
from kvmon.tell.sinks.datadog.point import Point, ServiceCheck, Status
from tests.tell.sinks.datadog.intake import Fault, Intake
from tests.tell.sinks.datadog.pushing import outlet, pushed, results


@pytest.mark.parametrize(("compression", "header"), [("deflate", "deflate"), ("gzip", "gzip"), ("zstd", "zstd1")])
async def test_points_are_compressed_as_wanted_and_what_waits_outlives_a_change(
    intake: Intake, clock: ManualClock, tmp_path: Path, compression: str, header: str
) -> None:
    before = outlet(intake, clock, tmp_path, compression=compression)
    intake.faults = [Fault(503)]
    assert await pushed(before, clock, *range(10))
    await before._post.close()
    after = outlet(intake, clock, tmp_path)
    intake.faults = [Fault(413)]
    after.check(ServiceCheck("redis.can_connect", Status.OK), clock.time())
    assert await pushed(after, clock, 10) is None
    assert [each.value for each in intake.points] == list(range(11))
    assert intake.encodings == [header, header, "deflate", "deflate"], "two halves, what came after, and a check"
    await after.close()


@pytest.mark.parametrize("on_disk", [True, False])
async def test_ten_minutes_without_datadog_lose_nothing(
    intake: Intake, clock: ManualClock, tmp_path: Path, on_disk: bool
) -> None:
    way = outlet(intake, clock, tmp_path if on_disk else None)
    chance = random.Random(1)
    expected, sizes = 0, []
    for step in range(60):
        out = 10 <= step < 50
        for _ in range(40):
            way.send(Point("redis.keys", expected, (f"redis_port:{expected % 7}",)), clock.time())
            expected += 1
        await way.end_push()
        end = clock.time() + 15.0
        while clock.time() < end:
            if out:
                intake.faults = [chance.choice([Fault(503), Fault(0), Fault(429, {"Retry-After": "3"}), Fault(200, body="<p>")])]
            pause = await way.sender.deliver()
            clock.advance(min(pause if pause is not None else 15.0, max(end - clock.time(), 0.001)))
            intake.faults = []
        files = list((tmp_path / "datadog").glob("*.batch")) if on_disk else []
        sizes.append(sum(file.stat().st_size for file in files))
    assert await way.sender.deliver() is None
    assert [each.value for each in intake.points] == list(range(expected)), "each once, in order"
    assert intake.late == []
    assert results(way) == {"sent": expected}
    if on_disk:
        assert 0 < max(sizes) < 1_000_000
        assert list((tmp_path / "datadog").iterdir()) == []
    await way.close()


async def test_what_is_too_old_for_datadog_is_counted_and_forgotten(intake: Intake, clock: ManualClock, tmp_path: Path) -> None:
    way = outlet(intake, clock, tmp_path)
    intake.faults = [Fault(503)]
    await pushed(way, clock, 1, 2)
    clock.advance(1800)
    for _ in range(5):
        way.send(Point("redis.keys", 3), clock.time())
    await way.end_push()
    clock.advance(TOO_OLD - 1800 + 1)
    assert await way.sender.deliver() is None
    assert [each.value for each in intake.points] == [3] * 5
    assert results(way) == {"sent": 5, "expired": 2}
    assert intake.late == []
    await way.close()


async def test_what_waits_outlives_the_daemon(intake: Intake, clock: ManualClock, tmp_path: Path) -> None:
    for value in (1, 2):  # each killed: never closed
        way = outlet(intake, clock, tmp_path)
        intake.faults = [Fault(503)]
        await pushed(way, clock, value)
        await way._post.close()
    (tmp_path / "datadog" / ".0000000000000-000001-series-1.batch").write_bytes(b"half")
    (tmp_path / "datadog" / "notes.txt").write_text("not ours")
    way = outlet(intake, clock, tmp_path)
    assert await pushed(way, clock, 3) is None
    assert [each.value for each in intake.points] == [1, 2, 3]
    assert [path.name for path in (tmp_path / "datadog").iterdir()] == ["notes.txt"]
    await way.close()


@pytest.mark.parametrize("on_disk", [True, False])
async def test_the_queue_is_bounded_and_the_oldest_goes(
    intake: Intake, clock: ManualClock, tmp_path: Path, on_disk: bool
) -> None:
    way = outlet(intake, clock, tmp_path if on_disk else None, queue="2kB")
    for value in range(100):
        intake.faults = [Fault(503)]
        await pushed(way, clock, value)
    folder = tmp_path / "datadog"
    assert (sum(file.stat().st_size for file in folder.iterdir()) if on_disk else way._queue.size) <= 2000
    assert next(s.value for s in way.samples() if s.spec.name == "kvmon_datadog_queue_bytes") <= 2000
    intake.faults = []
    clock.advance(3000)
    assert await way.sender.deliver() is None
    arrived = [each.value for each in intake.points]
    assert arrived == list(range(100 - len(arrived), 100))
    assert results(way) == {"sent": len(arrived), "overflow": 100 - len(arrived)}
    await way.close()


async def test_a_folder_that_cannot_be_used_is_no_reason_to_lose_anything(
    intake: Intake, clock: ManualClock, tmp_path: Path
) -> None:
    (tmp_path / "datadog").write_text("a file where the folder should be")
    way = outlet(intake, clock, tmp_path)
    assert await pushed(way, clock, 1) is None
    assert [each.value for each in intake.points] == [1]
    await way.close()
