"""The window is what it was given: compared with a plain list of samples, whatever comes and goes."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kvmon.judge.promql import Labels, Labelset, Matcher, Matrix, Series, Vector, finished, instant, parse, ranged
from kvmon.judge.promql.tree import Match
from kvmon.judge.window.naming import normalised
from kvmon.judge.window.window import Window
from kvmon.model.metrics.sample import Sample
from kvmon.model.metrics.spec import Kind, Spec
from kvmon.model.targets.address import Address
from kvmon.model.targets.target import Node, Target

STEP = 15_000
SPECS = [Spec(f"redis_{name}", "", Kind.GAUGE, labels=("db",)) for name in ("keys", "size", "ttl")]
EVERY = (Matcher("__name__", Match.UNEQUAL, ""),)


def node(name: str = "it", **options: object) -> Node:
    address = Address("h", 1)
    return Node(Target(name, (address,), **options), address)  # type: ignore[arg-type]


def pairs(spec: Spec, db: str) -> Labels:
    named = {"__name__": spec.name, "db": db, "instance": "h:1", "target": "it", "job": "kvmon"}
    return Labelset.of(named).pairs


@dataclass
class Model:
    """Samples by series, with a stale marker where one ended."""

    series: dict[Labels, list[tuple[int, float | None]]] = field(default_factory=dict)

    def write(self, at: int, values: dict[Labels, float]) -> None:
        for labels, value in values.items():
            self.series.setdefault(labels, []).append((at, value))
        for labels, samples in self.series.items():
            if labels not in values and samples[-1][1] is not None:
                samples.append((at, None))

    def read(self, labels: Labels) -> Series:
        samples = self.series[labels]
        stale = frozenset(place for place, (_, value) in enumerate(samples) if value is None)
        return Series(Labelset(labels), [at for at, _ in samples], [value or 0.0 for _, value in samples], stale)


rows = st.lists(
    st.dictionaries(st.tuples(st.integers(0, 2), st.sampled_from("abc")), st.sampled_from([0.0, 1.0, 2.5, -3.0]), max_size=9),
    min_size=1,
    max_size=30,
)


@given(rows, st.integers(0, 30), st.integers(1, 10))
def test_what_was_polled_can_be_read(rows: list[dict[tuple[int, str], float]], place: int, width: int) -> None:
    window, model = Window({"job": "kvmon"}), Model()
    known: dict[tuple[int, str, float], Sample] = {}
    for tick, row in enumerate(rows):
        samples = []
        for (index, db), value in row.items():
            # Unchanged values are the same objects, as collectors give them.
            samples.append(known.setdefault((index, db, value), Sample(SPECS[index], value, (db,))))
        window.append(("it", "h"), tick * STEP, samples, node())
        model.write(tick * STEP, {pairs(SPECS[index], db): value for (index, db), value in row.items()})
    found = {column.labels.pairs: column for column in finished(window.select(EVERY, 0, 10**9))}
    assert found.keys() == model.series.keys()
    upto, after = place * STEP, (place - width) * STEP
    for labels, column in found.items():
        expected = model.read(labels)
        assert column.latest(after, upto) == expected.latest(after, upto)
        times, values = expected.span(after, upto)
        assert tuple(map(list, column.span(after, upto))) == (list(times), list(values))


@given(rows, st.integers(0, 5))
def test_rules_write_and_what_they_give_no_more_has_ended(rows: list[dict[tuple[int, str], float]], late: int) -> None:
    window, model = Window(), Model()
    for tick, row in enumerate(rows):
        values = {pairs(SPECS[index], db): value for (index, db), value in row.items()}
        window.put("rule", tick * STEP, tuple(values.items()))
        model.write(tick * STEP, values)
    upto = (len(rows) - 1) * STEP + late * 100_000
    for column in finished(window.select(EVERY, 0, 10**9)):
        assert column.latest(upto - 300_000, upto) == model.read(column.labels.pairs).latest(upto - 300_000, upto)


@given(rows, st.integers(2, 8))
def test_old_rows_go_and_what_a_rule_selects_stays(rows: list[dict[tuple[int, str], float]], kept: int) -> None:
    window, model = Window({"job": "kvmon"}, retention=kept * STEP), Model()
    matchers = parse("redis_keys").expr.matchers  # type: ignore[union-attr]
    window.keep({matchers: 10**9})
    for tick in range(3):
        for place, row in enumerate(rows):
            at = (tick * len(rows) + place) * STEP
            samples = [Sample(SPECS[index], value, (db,)) for (index, db), value in row.items()]
            window.append(("it", "h"), at, samples, node())
            model.write(at, {pairs(SPECS[index], db): value for (index, db), value in row.items()})
    end = (3 * len(rows) - 1) * STEP
    for column in finished(window.select(EVERY, 0, 10**9)):
        expected = model.read(column.labels.pairs)
        after = -1 if column.labels.get("__name__") == "redis_keys" else end - kept * STEP
        times, values = expected.span(after, end)
        found = column.span(after, end)
        assert tuple(map(list, found)) == (list(times), list(values))


def test_a_value_that_is_no_number_is_one_to_a_rule_and_nothing_of_a_node() -> None:
    window = Window()
    window.put("rule", 1000, [((("__name__", "ratio"),), math.nan)])
    (column,) = finished(window.select(EVERY, 0, 2000))
    found = column.latest(0, 1000)
    assert found is not None
    assert math.isnan(found[1])
    window.append(("it", "h"), 1000, [Sample(SPECS[0], math.nan, ("a",))], node())
    assert instant(parse("redis_keys"), window, 1000).value == Vector()


def test_labels_are_those_of_a_scrape_that_honours_ours() -> None:
    window = Window({"job": "kvmon", "instance": "door:9121"})
    latency = Spec("redis_latency", "", Kind.HISTOGRAM, labels=("cmd",))
    percentiles = Spec("redis_percentiles", "", Kind.SUMMARY, labels=("cmd",))
    samples = [
        Sample(latency, 1, ("get", "1"), "_bucket"),
        Sample(latency, 3, ("get", "+Inf"), "_bucket"),
        Sample(latency, 3, ("get",), "_count"),
        Sample(percentiles, 1, ("get", "50")),
        Sample(percentiles, 1, ("get", "99.9")),
    ]
    window.append(("it", "h"), 1000, samples, node(labels={"team": "web", "job": "mine"}))
    window.append("own", 1000, [Sample(Spec("kvmon_nodes", ""), 1)])
    found = {str(column.labels) for column in finished(window.select(EVERY, 0, 2000))}
    rest = 'instance="h:1", job="mine"'
    assert f'{{__name__="redis_latency_bucket", cmd="get", {rest}, le="1.0", target="it", team="web"}}' in found
    assert f'{{__name__="redis_latency_bucket", cmd="get", {rest}, le="+Inf", target="it", team="web"}}' in found
    assert f'{{__name__="redis_percentiles", cmd="get", {rest}, quantile="50.0", target="it", team="web"}}' in found
    assert f'{{__name__="redis_percentiles", cmd="get", {rest}, quantile="99.9", target="it", team="web"}}' in found
    assert '{__name__="kvmon_nodes", instance="door:9121", job="kvmon"}' in found


@pytest.mark.parametrize(
    ("given", "expected"),
    [("1", "1.0"), ("0.5", "0.5"), ("1e-05", "1e-05"), ("+Inf", "+Inf"), ("1e21", "1e+21"), ("100000", "100000.0"), ("x", "x")],
)
def test_bounds_are_written_as_prometheus_writes_them(given: str, expected: str) -> None:
    assert normalised(given) == expected


def test_an_ended_node_has_no_values_and_its_series_go_in_time() -> None:
    window = Window(retention=300_000)
    window.append(("it", "h"), 1000, [Sample(SPECS[0], 1, ("a",))], node())
    window.append(("other", "h"), 1000, [Sample(SPECS[1], 1, ("a",))], node("other"))
    window.end(("it", "h"), 2000)
    assert instant(parse("redis_keys"), window, 3000).value == Vector()
    for tick in range(3, 200):
        window.append(("it", "h"), tick * STEP, [Sample(SPECS[2], tick, (str(tick // 70),))], node())
    assert [column.labels.get("__name__") for column in finished(window.select(EVERY, 0, 1))].count("redis_keys") == 0


@settings(max_examples=30)
@given(rows, rows)
def test_a_window_that_was_kept_goes_on_as_if_nothing_had_happened(
    before: list[dict[tuple[int, str], float]], after: list[dict[tuple[int, str], float]]
) -> None:
    one, other = Window({"job": "kvmon"}), Window({"job": "kvmon"})

    def write(window: Window, tick: int, row: dict[tuple[int, str], float]) -> None:
        samples = [Sample(SPECS[index], value, (db,)) for (index, db), value in row.items()]
        window.append(("it", "h"), tick * STEP, samples, node())
        window.put("rule", tick * STEP, [(pairs(SPECS[index], f"rule-{db}"), value) for (index, db), value in row.items()])

    for tick, row in enumerate(before):
        write(one, tick, row)
    other.restore(b"".join(one.packed()), len(before) * STEP)
    for tick, row in enumerate(after, start=len(before)):
        write(one, tick, row)
        write(other, tick, row)
    end = (len(before) + len(after)) * STEP
    found = [{column.labels.pairs: column for column in finished(window.select(EVERY, 0, end))} for window in (one, other)]
    assert found[0].keys() == found[1].keys()
    for labels, column in found[0].items():
        for upto in range(0, end, STEP):
            assert column.latest(upto - 300_000, upto) == found[1][labels].latest(upto - 300_000, upto)
        assert tuple(map(list, column.span(-1, end))) == tuple(map(list, found[1][labels].span(-1, end)))


@pytest.mark.parametrize("damage", [lambda data: data[:-5], lambda data: b"x" + data, lambda data: data.replace(b"key", b"yek")])
def test_what_is_damaged_is_told(damage: Callable[[bytes], bytes]) -> None:
    window = Window()
    window.append(("it", "h"), 1000, [Sample(SPECS[0], 1, ("a",))], node())
    with pytest.raises((ValueError, KeyError)):
        Window().restore(damage(b"".join(window.packed())), 2000)


def test_what_is_written_while_a_window_is_kept_does_no_harm() -> None:
    window = Window()
    for tick in range(1, 120):
        window.put("rule", tick * STEP, [(pairs(SPECS[0], str(number)), 1.0) for number in range(1200)])
    pieces = []
    for place, piece in enumerate(window.packed()):
        pieces.append(piece)
        if place:  # the first says what is true of all
            window.put("rule", (120 + place) * STEP, [(pairs(SPECS[1], str(place)), 1.0)])
    assert len(pieces) > 5
    other = Window()
    other.restore(b"".join(pieces), 200 * STEP)
    found = finished(other.select(EVERY, 0, 1))
    assert len(found) == 1200
    assert all(column.span(0, 10**9)[0][-1] == 119 * STEP for column in found)


def test_nodes_and_rules_that_are_no_more_are_forgotten_in_time() -> None:
    window = Window(retention=300_000)
    window.append(("it", "h"), 1000, [Sample(SPECS[0], 1, ("a",))], node())
    window.put("rule", 1000, [(pairs(SPECS[1], "a"), 1.0)])
    window.sweep(200_000)
    assert window.series == 2
    window.sweep(302_000)
    assert (window.series, list(finished(window.select(EVERY, 0, 1))), window.size) == (0, [], 0)


def test_so_are_the_labels_of_which_one_object_each_was_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kvmon.judge.window.window.PAIRS", 1000)
    window = Window(retention=300_000)
    for turn in range(20):
        window.append(("it", "h"), turn * 1000, [Sample(SPECS[0], 1, (f"{turn}-{each}",)) for each in range(100)], node())
        window.sweep(turn * 1000)
    assert len(window._interned) < 1200


def test_a_clock_that_was_set_back_changes_nothing_that_was() -> None:
    window = Window()
    for at, value in ((2000, 1.0), (1000, 5.0), (3000, 2.0)):
        window.append(("it", "h"), at, [Sample(SPECS[0], value, ("a",))], node())
    found = ranged(parse("redis_keys"), window, 1000, 3000, 1000).value
    assert isinstance(found, Matrix)
    (line,) = found
    assert line.points == ((2000, 1.0), (3000, 2.0))
