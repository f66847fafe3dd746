from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from kvmon.clock import ManualClock
from kvmon.model.metrics.catalogue import derived
from kvmon.model.metrics.sample import Sample
from kvmon.tell.server.pages.past import DEPTH, HOUR, SERIES, Past
from tests.tell import examples

NODE = examples.node()
KEY = NODE.key


def polled(at: float, commands: float = 1.0, *, up: bool = True, memory: int = 100) -> object:
    samples = [Sample(derived.RESTARTS, 0), Sample(derived.COMMANDS, commands), Sample(derived.HIT_RATIO, 0.5, ("5m",))]
    shot = examples.snapshot(NODE, samples if up else [], up=up, at=at, facts={"used_memory": str(memory)})
    return replace(shot, node=NODE)


def past(*shots: tuple[float, float]) -> tuple[Past, ManualClock]:
    clock = ManualClock()
    found = Past(clock=clock)
    start = clock.time()
    for at, commands in shots:
        found.seen(polled(start + at, commands))  # type: ignore[arg-type]
    clock.advance(max((at for at, _ in shots), default=0.0))
    return found, clock


def test_values_stand_at_their_times_and_nothing_is_made_up() -> None:
    found, _ = past((0, 1), (15, 2), (30, 3), (90, 9))
    line = found.line([KEY], "commands", span=120, points=8)
    assert line.values == (None, 1, 2, 3, 3, 3, None, 9)
    assert line.step == 15
    assert line.last == 9
    assert found.line([("no", "body")], "commands", span=120, points=8).known == []


def test_a_node_that_is_down_has_a_hole() -> None:
    found, clock = past((0, 1))
    for at in range(15, 300, 15):
        found.seen(polled(clock.time() + at, up=False))  # type: ignore[arg-type]
    clock.advance(285)
    line = found.line([KEY], "commands", span=300, points=20)
    assert line.last is None
    assert line.known == [1]


def test_a_node_that_goes_down_or_leaves_is_a_change() -> None:
    found, clock = past((0, 1))
    before = found.changes
    found.seen(polled(clock.time() + 15))  # type: ignore[arg-type]
    assert found.changes == before
    found.seen(polled(clock.time() + 30, up=False))  # type: ignore[arg-type]
    assert found.changes == before + 1
    found.forget(KEY)
    assert found.changes == before + 2


def test_probes_are_told_as_means_between_two_moments() -> None:
    sums: dict[str, tuple[float, int]] = {}
    clock = ManualClock()
    found = Past(clock=clock, steps=lambda _: dict(sums))
    for seconds, count in ((1.0, 10), (1.6, 12), (1.6, 12)):
        sums["get"] = (seconds, count)
        found.seen(polled(clock.time()))  # type: ignore[arg-type]
        clock.advance(15)
    values = found.line([KEY], "get", span=60, points=4).values
    assert [None if value is None else round(value, 3) for value in values][-3:] == [0.3, None, None]


def test_latencies_are_those_of_the_slowest_node_and_memory_is_added_up() -> None:
    nodes = [examples.node(place=place) for place in ("a", "b")]
    slow = {"p50": 0.001, "p99": 0.25}
    clock = ManualClock()
    found = Past(clock=clock, latencies=lambda key: slow if key == nodes[1].key else {"p50": 0.002, "p99": 0.003})
    for node in nodes:
        found.seen(replace(polled(clock.time(), memory=100), node=node))  # type: ignore[type-var,arg-type]
    keys = [node.key for node in nodes]
    lines = {name: found.line(keys, name, span=60, points=4).last for name in ("p50", "p99", "p99.9", "memory", "hit_ratio")}
    assert {name: None if value is None else round(value, 6) for name, value in lines.items()} == {
        "p50": 0.002, "p99": 0.25, "p99.9": None, "memory": 200, "hit_ratio": 0.5,
    }  # fmt: skip


def test_polls_in_quick_succession_share_a_moment() -> None:
    found, clock = past(*((float(at), float(at)) for at in range(60)))
    line = found.line([KEY], "commands", span=60, points=60)
    assert len(line.values) == 4
    assert line.last == 59
    assert clock.time() == line.end


@given(st.lists(st.floats(1, 120), max_size=400))
def test_it_never_keeps_more_than_an_hour_of_moments(gaps: list[float]) -> None:
    clock = ManualClock()
    found = Past(clock=clock)
    for gap in gaps:
        clock.advance(gap)
        found.seen(polled(clock.time()))  # type: ignore[arg-type]
    track = found._nodes.get(KEY)
    if track is not None:
        assert len(track.times) <= DEPTH
        assert len(track.rows) == len(track.times) * len(SERIES)
    assert len(found.line([KEY], "memory", span=HOUR, points=60).values) == 60
