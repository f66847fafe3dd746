"""Series with everything that happens to series: resets, gaps, ends, NaN, infinities, late beginnings."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable
from typing import NamedTuple

from kvmon.judge.promql import Labelset, Matcher, Matchers, Series, Work
from kvmon.judge.promql.regex import anchored

T0 = 1_700_000_000_000
"""Milliseconds of the first sample."""

STEP = 15_000
COUNT = 160
END = T0 + COUNT * STEP

INSTANTS = (T0 + 300_000, T0 + 1_234_567, T0 + 1_800_000, T0 + 2_400_000, T0 + 2_640_123)
"""The last is after all samples, within the lookback of some."""


class Given(NamedTuple):
    """A series; a value of None is a stale marker."""

    labels: Labelset
    samples: list[tuple[int, float | None]]


def _times(chance: random.Random, *, jitter: int = 0, gaps: float = 0.0, first: int = 0, last: int = COUNT) -> list[int]:
    ticks = [tick for tick in range(first, last) if chance.random() >= gaps]
    return [T0 + tick * STEP + (chance.randint(-jitter, jitter) if jitter else 0) for tick in ticks]


def _counter(
    chance: random.Random, times: list[int], *, resets: float = 0.02, rise: float = 10.0
) -> list[tuple[int, float | None]]:
    value = chance.choice([0.0, 5.0, 1000.5])
    out: list[tuple[int, float | None]] = []
    for at in times:
        value = chance.random() if chance.random() < resets else value + chance.expovariate(1 / rise)
        out.append((at, value))
    return out


def _gauge(chance: random.Random, times: list[int], *, low: float, high: float) -> list[tuple[int, float | None]]:
    return [(at, chance.uniform(low, high)) for at in times]


def given() -> list[Given]:  # noqa: C901 - a list
    """All series, sorted by their labels."""
    chance = random.Random(7)
    out: list[Given] = []

    def add(name: str, samples: list[tuple[int, float | None]], **labels: str) -> None:
        out.append(Given(Labelset.of({"__name__": name, **labels}), samples))

    for job in ("api", "web"):
        for instance in ("a:1", "b:2", "c:3"):
            for code in ("200", "500"):
                times = _times(chance, jitter=chance.choice([0, 0, 900]), gaps=chance.choice([0.0, 0.05, 0.3]))
                add("http_requests_total", _counter(chance, times), job=job, instance=instance, code=code)
            add("memory_bytes", _gauge(chance, _times(chance), low=1e6, high=9e6), job=job, instance=instance)
            add(
                "memory_max_bytes", [(at, 1e7 if instance != "c:3" else 0.0) for at in _times(chance)], job=job, instance=instance
            )
            add("up", [(at, float(chance.random() < 0.9)) for at in _times(chance)], job=job, instance=instance)
            add("node_info", [(at, 1.0) for at in _times(chance)], job=job, instance=instance, version=f"v{ord(instance[0]) % 3}")
    for name in ("red_total", "blue_total"):
        add(name, _counter(chance, _times(chance), resets=0.0, rise=3.0), shard="0")
        add(name, _counter(chance, _times(chance), resets=0.0, rise=3.0), shard="1")
    ended = _gauge(chance, _times(chance, last=60), low=-5, high=5)
    add("session", [*ended, (T0 + 60 * STEP, None)], user="ended")
    back = [*ended[:40], (T0 + 40 * STEP, None), *[(T0 + tick * STEP, float(tick)) for tick in range(90, COUNT)]]
    add("session", back, user="back")
    add("session", _gauge(chance, _times(chance, first=100), low=-5, high=5), user="late")
    add("session", [(T0 + 7 * STEP, 3.0)], user="once")
    odd = [math.nan, math.inf, -math.inf, 0.0, -0.0, 1.0, -1.0, 1e308, -1e308, 5e-324, 0.1, 123456789.0]
    for index in range(6):
        add("odd", [(at, chance.choice(odd)) for at in _times(chance)], kind=str(index))
    add("odd", [(at, math.nan) for at in _times(chance)], kind="nan")
    add("huge", [(at, chance.choice([1e308, 1.5e308, -1e308])) for at in _times(chance)], kind="a")
    add("tied", [(at, 1.0) for at in _times(chance)], id="a")
    add("tied", [(at, 1.0) for at in _times(chance)], id="b")
    add("tied", [(at, 2.0) for at in _times(chance)], id="c")
    add("tied", [(at, 1.0) for at in _times(chance)], id="d")
    add("step", [(at, float((at - T0) // 600_000)) for at in _times(chance)])
    add("born_timestamp", [(at, 1.6e9 + 86_400.0 * 1.37 * index) for index, at in enumerate(_times(chance))], x="1")
    add("born_timestamp", [(at, -1e9 + 1e7 * index) for index, at in enumerate(_times(chance))], x="2")
    for job in ("api", "web"):
        counts = [0.0] * 6
        buckets: list[list[tuple[int, float | None]]] = [[] for _ in counts]
        for at in _times(chance):
            below = 0.0
            for place in range(6):
                below += chance.randint(0, 5)
                counts[place] += below
                buckets[place].append((at, counts[place]))
        for le, samples in zip(("0.1", "0.5", "1.0", "2.5", "10.0", "+Inf"), buckets, strict=True):
            add("latency_seconds_bucket", samples, job=job, le=le)
        add("latency_seconds_sum", _counter(chance, _times(chance)), job=job)
        add("latency_seconds_count", buckets[-1], job=job)
    for le, value in (("1", 10.0), ("2", 7.0), ("+Inf", 20.0), ("bad", 3.0)):
        add("broken_bucket", [(at, value + (at - T0) / 1e5) for at in _times(chance)], le=le)
    for le, value in (("-5", 2.0), ("0", 4.0), ("1e1", 9.0), ("10", 1.0), ("+Inf", 15.0)):
        add("negative_bucket", [(at, value) for at in _times(chance)], le=le)
    for le, value in (("1", 10.0), ("2", 17.0)):
        add("endless_bucket", [(at, value) for at in _times(chance)], le=le)
    add("empty_bucket", [(at, 0.0) for at in _times(chance)], le="1")
    add("empty_bucket", [(at, 0.0) for at in _times(chance)], le="+Inf")
    add("text", [(at, 1.0) for at in _times(chance)], path='/a "b"\\c', unicode="größe-日本", line="one\ntwo")
    return sorted(out, key=lambda each: each.labels.pairs)


class Memory:
    """A source that is a list."""

    def __init__(self, series: Iterable[Given]) -> None:
        self._series = [
            Series(
                each.labels,
                [at for at, _ in each.samples],
                [math.nan if value is None else value for _, value in each.samples],
                frozenset(place for place, (_, value) in enumerate(each.samples) if value is None),
            )
            for each in series
        ]

    def select(self, matchers: Matchers, start: int, end: int) -> Work[list[Series]]:
        assert start < end
        yield
        return [series for series in self._series if all(_holds(matcher, series.labels) for matcher in matchers)]


def _holds(matcher: Matcher, labels: Labelset) -> bool:
    name, op, value = matcher.name, str(matcher.op), matcher.value
    has = labels.get(name)
    if op in ("=", "!="):
        return (has == value) is (op == "=")
    return (anchored(value).match(has) is not None) is (op == "=~")
