"""What is in a target, as its page tells: workloads, whether its size fits, where it moves."""

from __future__ import annotations

import re

from kvmon.model.metrics.catalogue import derived, keys, probes
from kvmon.model.metrics.catalogue import workloads as rows
from kvmon.model.metrics.sample import Sample
from kvmon.tell.server.pages.rendering import ticked
from tests.tell import examples
from tests.tell.server.pages.test_pages import NOW, moving, text
from tests.tell.server.seen import Seen, seen


def words(body: str) -> str:
    """What a person reads."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", body)).replace("\u202f", " ")


def scanned(*, counted: int = 1, waiting: int = 0, unreachable: int = 0) -> Seen:
    view = seen()
    of = ("sessions", "logins")
    view.own = [
        Sample(rows.KEYS, 4153, of), Sample(rows.MEMORY, 2 * 1024 * 1024, of), Sample(rows.MEMORY_ERROR, 1024 * 1024, of),
        Sample(rows.COVERAGE, 0.5, of), Sample(rows.COVERAGE_ERROR, 0.02, of), Sample(rows.EXPECTED, 0.95, of),
        Sample(rows.LASTING, 2076, of), Sample(rows.GROWTH, -120, of),
        Sample(rows.CHANNELS, 3, ("sessions", "rooms")), Sample(rows.SUBSCRIBERS, 8, ("sessions", "rooms")),
        Sample(rows.KEYS, 77, ("jobs", "others")),
        Sample(rows.SHARDS, counted, ("sessions", "counted")), Sample(rows.SHARDS, waiting, ("sessions", "not_yet")),
        Sample(rows.SHARDS, unreachable, ("sessions", "unreachable")),
        Sample(rows.PROGRESS, 0.25, ("sessions",)), Sample(rows.COMPLETED, NOW - 600, ("sessions",)),
        Sample(rows.DURATION, 43.2, ("sessions",)), Sample(rows.HELD, 1, ("sessions", "cpu")),
    ]  # fmt: skip
    return view


async def test_workloads_tell_keys_memory_with_its_error_and_what_expires() -> None:
    body = words(await text(scanned(), "/targets/sessions"))
    assert "logins 4 153 -120 2.0 MiB ± 1.0 MiB 50.0 % ± 2.0 % too few 95.0 % 2 076" in body
    assert "rooms \N{EN DASH}" in body
    assert "3 8 subscribed" in body
    assert "others" not in body


async def test_workloads_tell_how_complete_and_how_old_they_are() -> None:
    body = words(await text(scanned(), "/targets/sessions"))
    assert "Counted 10m ago , in 43.2 s." in body
    assert "has gone through 25.0 % of the keys" in body
    assert "1 shard is left alone: its main thread is busy." in body
    body = words(await text(scanned(counted=1, waiting=2, unreachable=1), "/targets/sessions"))
    assert "Not counted yet: 1 of 3 shards so far." in body
    assert "1 shard cannot be asked." in body


async def test_groups_queues_and_streams_that_were_asked_for_are_shown() -> None:
    view = seen()
    given = [Sample(keys.GROUP_COUNT, 12, ("db0", "tenant-7")), Sample(keys.QUEUE, 40, ("db0", "mails"))]
    view.board.put(examples.snapshot(view.known[0].nodes[0], given))
    body = words(await text(view, "/targets/sessions"))
    assert "Key groups db0 tenant-7 12" in body
    assert "Queues db0 mails 40" in body


async def test_what_a_smaller_size_would_have_meant_is_an_estimate() -> None:
    view = seen()

    async def told(memory: float, clients: float) -> str:
        given = [
            Sample(derived.MEMORY_PEAK, 0.31), Sample(derived.SMALLER_MEMORY, memory, ("C1",)),
            Sample(derived.SMALLER_CLIENTS, clients, ("C1",)),
        ]  # fmt: skip
        view.board.put(examples.snapshot(view.known[0].nodes[0], given))
        return words(await text(view, "/targets/sessions"))

    body = await told(0.62, 0.07)
    assert "Size estimate" in body
    assert "31.0 % of the memory limit" in body
    assert "C1 , would have been at 62.0 %" in body
    assert "it may do" in body
    assert "it is too small" in await told(0.9, 0.07)
    assert "it is too small" in await told(0.3, 0.85)
    assert "Size estimate" not in words(await text(seen(), "/targets/sessions"))


async def test_a_migration_tells_both_sides_readiness_reasons_and_drift() -> None:
    view = seen()
    view.moving = [moving()]
    for name, other in (("sessions", "Migration to jobs"), ("jobs", "Migration from sessions")):
        raw = await text(view, f"/targets/{name}")
        body = words(raw)
        assert other in body
        assert "not ready" in body
        assert "579 keys compared, last 19s ago" in body
        assert "a write takes 12 ms to arrive" in body
        assert "missing the destination lacks keys: &lt;b&gt;" in body
        assert "0.023 %" in body
        assert "session:secret" not in raw, "names of keys are not for everybody"
    view.moving = [moving(ready=True, reasons={}, at=None)]
    assert "not ready" not in words(await text(view, "/targets/sessions"))
    view.moving = [moving(source="a", destination="b")]
    assert "Migration" not in words(await text(view, "/targets/sessions"))


async def test_certificates_and_tokens_that_end_stand_with_their_day() -> None:
    view = seen()
    expiry = probes.EXPIRY
    view.own = [Sample(expiry, NOW + 3 * 86_400, ("sessions", "a:1")), Sample(expiry, NOW - 3600, ("sessions", "a:2"))]
    body = words(await text(view, "/targets/sessions"))
    assert "Certificate of a:2: 2023-11-14 21:13 UTC, it ended 1h ago Certificate of a:1: 2023-11-17 22:13 UTC, in 3d" in body


async def test_of_a_target_that_is_down_nothing_is_claimed() -> None:
    body = words(await text(seen(), "/targets/jobs"))
    assert body.count("Not known: no node answers.") == 5
    for claim in ("It holds no keys", "No slow command", "is answered"):
        assert claim not in body


async def test_commands_in_advice_are_set_apart_and_nothing_else_becomes_markup() -> None:
    assert str(ticked("see `kvmon why <x>` & <b>`")) == "see <code>kvmon why &lt;x&gt;</code> &amp; &lt;b&gt;`"
