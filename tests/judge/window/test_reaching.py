"""What rules read further back than the rest is kept: it is there, or it is told from when on it is not."""

from __future__ import annotations

from typing import Any

from kvmon.judge.promql import Matchers, Vector, instant, parse
from kvmon.judge.promql.tree import Selector
from kvmon.judge.window.window import SLACK, Window
from kvmon.model.metrics.sample import Sample
from kvmon.model.metrics.spec import Kind, Spec
from kvmon.model.targets.address import Address
from kvmon.model.targets.target import Node, Target

KEYS = Spec("redis_keys", "", Kind.GAUGE)
OTHER = Spec("redis_other", "", Kind.GAUGE, labels=("n",))
STEP, HOUR = 15_000, 3_600_000
NODE = Node(Target("it", (Address("h", 1),)), Address("h", 1))


def matchers(text: str) -> Matchers:
    expr = parse(text).expr
    assert isinstance(expr, Selector)
    return expr.matchers


def polled(window: Window, start: int, end: int, others: int = 3) -> None:
    """Polls from one time to another; the value of redis_keys is its time."""
    for at in range(start, end, STEP):
        rest = [Sample(OTHER, 1.0, (str(number),)) for number in range(others)]
        window.append(NODE.key, at, [Sample(KEYS, float(at)), *rest], NODE)


def oldest(window: Window, at: int, name: str = "redis_keys") -> float:
    """The oldest value that a query finds."""
    value = instant(parse(f"min_over_time({name}[30d])"), window, at).value
    assert isinstance(value, Vector)
    return value[0].value


def restarted(window: Window, now: int, **how: Any) -> Window:
    again = Window(**how)
    again.restore(b"".join(window.packed()), now)
    return again


def test_what_was_asked_from_the_beginning_is_whole() -> None:
    window = Window(retention=HOUR)
    window.keep({matchers("redis_keys"): 5 * HOUR})
    polled(window, 0, 4 * HOUR)
    assert oldest(window, 4 * HOUR) == 0
    assert window.since(matchers("redis_keys")) == 0
    assert 0 < window.since(matchers("redis_other")) <= 3 * HOUR - SLACK


def test_a_reach_of_the_retention_is_never_short() -> None:
    window = Window(retention=HOUR)
    for end in range(HOUR, 3 * HOUR, 7 * STEP):
        polled(window, end - 7 * STEP if end > HOUR else 0, end)
        assert window.since(matchers("redis_keys")) <= end - STEP - HOUR or window.since(matchers("redis_keys")) == 0


def test_what_is_asked_later_or_for_longer_says_from_when_on_it_is_there() -> None:
    window = Window(retention=HOUR)
    polled(window, 0, 3 * HOUR)
    window.keep({matchers("redis_keys"): 5 * HOUR})
    since = window.since(matchers("redis_keys"))
    assert HOUR < since < 2 * HOUR
    polled(window, 3 * HOUR, 8 * HOUR)
    assert window.since(matchers("redis_keys")) == since
    window.keep({matchers("redis_keys"): 20 * HOUR})
    assert window.since(matchers("redis_keys")) >= 3 * HOUR - STEP
    window.keep({matchers("redis_keys"): 4 * HOUR})
    assert window.since(matchers("redis_keys")) >= 3 * HOUR - STEP


def test_it_survives_a_restart_with_a_day_in_between() -> None:
    window = Window(retention=HOUR)
    window.keep({matchers("redis_keys"): 48 * HOUR})
    polled(window, STEP, 4 * HOUR)
    again = restarted(window, 28 * HOUR, retention=HOUR)
    polled(again, 28 * HOUR, 30 * HOUR)
    again.keep({matchers("redis_keys"): 48 * HOUR})
    again.sweep(30 * HOUR)
    assert oldest(again, 30 * HOUR) == STEP
    assert again.since(matchers("redis_keys")) == 0
    value = instant(parse("redis_keys offset 1d"), again, 27 * HOUR + 30_000).value
    assert isinstance(value, Vector)
    assert value[0].value == 3 * HOUR + 30_000


def test_after_a_restart_without_such_rules_it_goes() -> None:
    window = Window(retention=HOUR)
    window.keep({matchers("redis_keys"): 48 * HOUR})
    polled(window, 0, 4 * HOUR)
    again = restarted(window, 4 * HOUR, retention=HOUR)
    again.sweep(4 * HOUR)
    polled(again, 4 * HOUR, 5 * HOUR)
    assert oldest(again, 5 * HOUR) > 3 * HOUR
    assert again.since(matchers("redis_keys")) > 3 * HOUR


def test_it_counts_as_memory_and_is_cut_where_it_takes_most() -> None:
    window = Window(retention=HOUR, memory=400_000)
    window.keep({matchers("redis_other"): 1000 * HOUR})
    polled(window, 0, 40 * HOUR, others=20)
    assert window.size < 600_000
    since = window.since(matchers("redis_other"))
    assert since > 0
    assert window.oldest(40 * HOUR) == 39 * HOUR, "the rest is all there"
    times = [column.span(-1, 40 * HOUR)[0][0] for column in window._index if column.tail is not None]
    assert len(times) == 20
    assert since < min(times) <= max(times) <= since + STEP


def test_what_ended_long_ago_leaves_nothing() -> None:
    window = Window(retention=HOUR)
    window.keep({matchers("redis_keys"): 4 * HOUR})
    polled(window, STEP, 2 * HOUR)
    window.end(NODE.key, 2 * HOUR)
    window.sweep(4 * HOUR)
    assert oldest(window, 4 * HOUR) == STEP
    window.sweep(7 * HOUR)
    assert (window.series, window.size) == (0, 0)


def test_memory_has_a_limit_and_it_is_told_what_was_forgotten() -> None:
    window = Window(memory=150_000)
    polled(window, STEP, 600 * STEP, others=100)
    assert window.size < 250_000
    assert window.oldest(600 * STEP) == window.forgotten > 0
    assert window.since(matchers("redis_other")) == window.forgotten
    value = instant(parse("count(redis_other)"), window, 599 * STEP).value
    assert isinstance(value, Vector)
    assert value[0].value == 100
