from __future__ import annotations

from dataclasses import replace

import pytest

from kvmon.model.snapshot import Failure
from kvmon.model.targets.address import Address
from kvmon.model.targets.target import Node, Target
from kvmon.tell.server.pages.alarms import Alarm
from kvmon.tell.server.pages.texts import ago_text, bytes_text, number_text, seconds_text, short_text
from kvmon.tell.server.pages.trouble import troubles
from kvmon.tell.server.state import NodeState
from tests.tell import examples
from tests.tell.server.pages.test_pages import verdict

TARGET = Target("sessions", (Address("a.example.net"), Address("b.example.net")))


def state(status: str = "up", place: str = "a.example.net", **facts: str) -> NodeState:
    node = Node(TARGET, Address(place))
    failures = [Failure("poll", "timeout", "no answer")] if status == "down" else []
    shot = examples.snapshot(node, up=status == "up", facts={**examples.FACTS, **facts}, failures=failures)
    return NodeState(node, shot, status, "" if status == "up" else "no answer")


def words(*states: NodeState, verdicts: object = (), alarms: object = ()) -> list[tuple[str, str]]:
    return [(each.word, each.what) for each in troubles(TARGET, states, verdicts, alarms)]  # type: ignore[arg-type]


def test_who_is_well_has_no_trouble() -> None:
    assert words(state(), state(role="slave", master_link_status="up"), verdicts=[verdict(state="closed")]) == []


def test_all_nodes_down_is_down_and_some_is_degraded() -> None:
    assert {word for word, _ in words(state("down"), state("down", "b.example.net"))} == {"down"}
    assert words(state(), state("down", "b.example.net")) == [
        ("degraded", "b.example.net:6379 is down: it does not answer in time")
    ]
    assert words(state("unknown"))[0][0] == "unknown"
    assert words(state(), state("unknown"))[0][0] == "warning"


def test_reading_that_fails_is_down_writing_alone_degraded() -> None:
    assert words(state(), verdicts=[verdict(), verdict(op="write", state="closed")]) == [
        ("down", "reading fails: nothing listens there")
    ]
    assert words(state(), verdicts=[verdict(state="closed"), verdict(op="write", reason_class="oom")]) == [
        ("degraded", "writing fails: its memory is full and nothing may be evicted")
    ]


def test_one_shard_of_two_is_degraded_and_named() -> None:
    one = verdict(shard="0123456789abcdef", slots=((0, 99),))
    other = verdict(shard="feed", state="closed")
    assert words(state(), verdicts=[one, other]) == [
        ("degraded", "reading fails in shard 01234567 (slots 0-99): nothing listens there")
    ]


def test_a_replica_without_its_primary_and_memory_that_is_full() -> None:
    assert words(state(), state(role="slave", master_link_status="down", master_host="a"))[0][0] == "degraded"
    full = state(used_memory="4100000", maxmemory_policy="noeviction")
    assert words(full)[0][0] == "warning"
    assert words(state(used_memory="4100000", maxmemory_policy="allkeys-lru")) == []


@pytest.mark.parametrize(("severity", "word"), [("critical", "degraded"), ("warning", "warning"), ("page", "warning")])
def test_alerts_count_by_their_severity_unless_silenced(severity: str, word: str) -> None:
    alarm = Alarm("Full", "firing", 5.0, {"severity": severity}, {"summary": "it is full"})
    assert words(state(), alarms=[alarm]) == [(word, "it is full")]
    assert words(state(), alarms=[replace(alarm, silenced=("id",)), replace(alarm, state="pending")]) == []


def test_the_worst_comes_first_and_of_the_like_the_newest() -> None:
    old = Alarm("Old", "firing", 5.0, {"severity": "warning"}, {})
    new = replace(old, name="New", since=50.0)
    found = words(state(), verdicts=[verdict()], alarms=[old, new])
    assert [what for _, what in found] == ["reading fails: nothing listens there", "New", "Old"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (bytes_text(1_572_864), "1.5 MiB"), (bytes_text(None), "\N{EN DASH}"), (bytes_text(0), "0 B"),
        (short_text(12_345), "12.3k"),
        (short_text(0.42), "0.4"), (short_text(3.0), "3"), (number_text(1_234_567), "1 234 567"),
        (seconds_text(0.00032), "320 µs"),
        (seconds_text(0.0123), "12.3 ms"), (seconds_text(1.25), "1.25 s"), (seconds_text(0), "0 s"), (seconds_text(185), "3m5s"),
        (ago_text(273_600), "3d4h"), (seconds_text(None), "\N{EN DASH}"),
    ],
)  # fmt: skip
def test_values_read_as_people_write_them(text: str, expected: str) -> None:
    assert text.replace("\u202f", " ") == expected
