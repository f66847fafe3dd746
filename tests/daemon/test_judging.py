"""Groups of rules at work over a window: what they write, tell, remember and keep through reloads."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from kvmon.clock import ManualClock
from kvmon.config.rules import Rules
from kvmon.daemon.alert_journal import AlertJournal, happened
from kvmon.daemon.judged import JudgedGroup, Surroundings
from kvmon.daemon.judging import JudgeLoop
from kvmon.journal.store import Journal
from kvmon.judge.alerts.lifecycle import Remembered
from kvmon.judge.alerts.texts import Outside
from kvmon.judge.promql import Engine, Vector, instant, parse
from kvmon.judge.promql.pace import Pace
from kvmon.judge.rules.groups import RuleState
from kvmon.judge.rules.rulefile import Group, Rule, read_rules
from kvmon.judge.window.window import Window
from kvmon.model.alert import Labels, Notice
from kvmon.model.metrics.sample import Sample
from kvmon.model.metrics.spec import Spec

UP = Spec("redis_up", "Up.", labels=("instance",))
MINUTE = 60_000
NOW = 1_700_000_040_000

RULES = """\
groups:
- name: g
  interval: 1m
  rules:
  - record: down
    expr: 1 - redis_up
  - alert: Down
    expr: down == 1
    for: 1m
    annotations: {summary: '{{ $labels.instance }}: {{ with query "count(redis_up)" }}{{ . | first | value }}{{ end }}'}
"""


def groups(text: str = RULES) -> tuple[Group, ...]:
    return read_rules("f.yaml", text)


class Bench:
    """A window, a clock, and what was told."""

    def __init__(self, rules: str = RULES, *, restored: bool = True) -> None:
        self.clock = ManualClock(wall=NOW / 1000)
        self.window = Window({"job": "kvmon", "instance": "k:9121"})
        self.told: list[Notice] = []
        around = Surroundings(self.window, Pace(self.clock), self.clock, Outside(url="http://k"), Engine(step=MINUTE))
        (group,) = groups(rules)
        self.group = JudgedGroup(group, around, [RuleState(restored=restored) for _ in group.rules])
        self.known: dict[Labels, Remembered] = {}

    async def minute(self, **up: float) -> None:
        """A minute goes by, a poll sees these, and the group is evaluated."""
        self.clock.advance(60)
        at = round(self.clock.time() * 1000)
        self.window.append("node", at, [Sample(UP, value, (name,)) for name, value in up.items()])
        await self.group.evaluate(at, tell=self.tell, known=lambda _: self.known)

    async def tell(self, rule: Rule, state: RuleState, notices: Sequence[Notice]) -> None:
        assert rule.alerts
        assert state.at is not None
        self.told += notices

    def query(self, text: str) -> dict[Labels, float]:
        found = instant(parse(text), self.window, round(self.clock.time() * 1000)).value
        assert isinstance(found, Vector)
        return {tuple(pair for pair in point.labels if pair[0] not in ("job", "__name__")): point.value for point in found}


async def test_a_later_rule_reads_what_an_earlier_one_recorded_and_alerts_become_series() -> None:
    bench = Bench()

    await bench.minute(a=0, b=1)
    assert bench.query("down") == {(("instance", "a"),): 1.0, (("instance", "b"),): 0.0}
    assert [dict(labels)["alertstate"] for labels in bench.query("ALERTS")] == ["pending"]
    assert bench.told == []

    await bench.minute(a=0, b=1)
    assert [dict(labels)["alertstate"] for labels in bench.query("ALERTS")] == ["firing"]
    assert list(bench.query("ALERTS_FOR_STATE").values()) == [(NOW + MINUTE) // 1000]
    (notice,) = bench.told
    assert dict(notice.annotations) == {"summary": "a: 2"}
    assert notice.generator_url == "http://k/graph?g0.expr=down+%3D%3D+1&g0.tab=1"

    await bench.minute(a=1, b=1)
    assert bench.query("ALERTS") == {}
    assert bench.told[-1].resolved(bench.clock.time())


async def test_a_rule_that_fails_says_so_and_its_alerts_stay() -> None:
    bench = Bench(RULES.replace("down == 1", "(down == 1) + on () group_left () down"))
    await bench.minute(a=0)
    before = bench.group.states[1].alerts

    await bench.minute(a=0, b=0)

    state = bench.group.states[1]
    assert state.health == "err"
    assert "found duplicate series for the match group" in state.error
    assert state.alerts == before
    assert (bench.group.evaluations, bench.group.failures) == (4, 1)
    assert len(bench.query("ALERTS")) == 1


def test_turns_are_on_the_grid_and_those_that_passed_are_counted() -> None:
    group = Bench().group
    first = group.due

    assert group.turn(first - 1) is None
    assert group.turn(first + 5) == first
    assert group.turn(first + 10) is None
    assert group.turn(first + 3 * MINUTE + 10) == first + 3 * MINUTE
    assert (group.due, group.missed) == (first + 4 * MINUTE, 2)
    group.busy = True
    assert group.turn(first + 4 * MINUTE) is None
    assert group.missed == 3


async def test_alerts_from_before_a_restart_come_back_after_the_second_evaluation() -> None:
    bench = Bench(RULES.replace("for: 1m", "for: 30m"), restored=False)
    labels: Labels = (("alertname", "Down"), ("instance", "a"), ("job", "kvmon"))
    bench.known = {labels: Remembered(NOW - 60_000, NOW - 41 * MINUTE)}

    await bench.minute(a=0)
    assert bench.query("ALERTS") == {}
    await bench.minute(a=0)
    await bench.minute(a=0)

    assert [dict(one)["alertstate"] for one in bench.query("ALERTS")] == ["firing"]
    assert list(bench.query("ALERTS_FOR_STATE").values()) == [(NOW - 41 * MINUTE) // 1000]


async def test_a_rule_that_reads_further_back_than_memory_reaches_says_so() -> None:
    bench = Bench(RULES.replace("1 - redis_up", "max_over_time(redis_up[30m])"))
    await bench.minute(a=1)
    assert not bench.group.states[0].warnings

    bench.window.forgotten = NOW
    await bench.minute(a=1)

    assert bench.group.states[0].warnings == ("truncated: it reads back 1800 s, the window has 120 s",)


async def test_what_promql_warns_of_is_kept_with_the_rule() -> None:
    bench = Bench(RULES.replace("1 - redis_up", "quantile(7, redis_up)"))

    await bench.minute(a=1)

    (warning,) = bench.group.states[0].warnings
    assert warning.startswith("PromQL warning: quantile value should be between 0 and 1, got 7")


async def test_active_alerts_of_patient_rules_survive_in_the_journal(tmp_path: Path) -> None:
    (group,) = groups(RULES.replace("for: 1m", "for: 15m"))
    bench = Bench(RULES.replace("for: 1m", "for: 15m"))
    await bench.minute(a=0)
    rule, state = group.rules[1], bench.group.states[1]
    journal = Journal.open(tmp_path)
    work = AlertJournal(journal).work(group.key, rule, state)
    assert work is not None
    await journal.commit(work)
    await journal.close()

    journal = Journal.open(tmp_path)
    kept = AlertJournal(journal)
    await kept.load()

    (labels,) = state.alerts
    assert kept.known(group.key, rule) == {labels: Remembered(NOW + MINUTE, NOW + MINUTE)}
    done = kept.work(group.key, rule, RuleState(health="ok", at=NOW))
    assert done is not None
    await journal.commit(done)
    assert await journal.read("SELECT * FROM alerts") == []
    await journal.close()


async def test_alerts_that_begin_and_cease_to_fire_are_events() -> None:
    journal = Journal.open(None)
    bench = Bench()
    for up in (0, 0, 0, 1, 1):
        await bench.minute(a=up)
        work = happened(bench.group.group.rules[1], bench.group.states[1])
        if work is not None:
            await journal.commit(work)

    rows = await journal.read("SELECT at, kind, node, subject, text FROM events ORDER BY id")
    begun = NOW / 1000
    assert [tuple(row) for row in rows] == [
        (begun + 120, "alert", "a", "Down", "Down fires: a: 1"),
        (begun + 240, "alert", "a", "Down", "Down is over"),
    ]
    await journal.close()


async def test_an_alert_that_is_meant_for_nobody_is_no_event() -> None:
    bench = Bench(RULES.replace("    for: 1m", "    labels: {severity: none}"))
    await bench.minute(a=0)

    assert len(bench.group.states[1].alerts) == 1
    assert happened(bench.group.group.rules[1], bench.group.states[1]) is None


async def test_what_two_rules_record_is_one_series() -> None:
    twice = RULES + "  - record: down\n    expr: 1 - redis_up\n  - record: later\n    expr: sum(down)\n"
    bench = Bench(twice)

    await bench.minute(a=0)
    await bench.minute(a=0)

    assert bench.query("later") == {(): 1.0}
    assert [state.error for state in bench.group.states] == ["", "", "", ""]


async def nobody(notices: Sequence[Notice], also: Callable[[sqlite3.Connection], None] | None) -> None:
    del notices, also


def values(loop: JudgeLoop) -> Mapping[str, float]:
    return {sample.spec.name + "".join(sample.labels): sample.value for sample in loop.own_samples()}


async def test_a_reload_leaves_alone_what_is_the_same_and_ends_what_is_gone() -> None:
    clock = ManualClock(wall=NOW / 1000)
    window = Window({})
    one = RULES.replace("record: down", "record: lost").replace("expr: down", "expr: lost")
    first, second = groups(one + RULES.removeprefix("groups:\n").replace("name: g", "name: h"))
    loop = JudgeLoop(
        Rules((first, second)), window=window, pace=Pace(clock), clock=clock, journal=Journal.open(None), take=nobody, url=""
    )
    window.append("node", NOW, [Sample(UP, 0, ("a",))])
    same, changed = loop._groups.values()
    for group in (same, changed):
        await group.evaluate(NOW, tell=lambda *_: nobody((), None), known=lambda _: {})
    alerts = changed.states[1].alerts
    assert len(alerts) == 1
    assert values(loop)["kvmon_alertspending"] == 2

    clock.advance(60)
    (other,) = groups(RULES.replace("name: g", "name: h").replace("for: 1m", "for: 5m").replace("record: down", "record: gone"))
    loop.apply(Rules((first, other)), "")

    kept, new = loop._groups.values()
    assert kept is same
    assert new.states[1].alerts == alerts
    at = round(clock.time() * 1000)
    found = instant(parse("down"), window, at).value
    assert found == Vector(), "nobody records it any more"

    loop.apply(Rules(), "")
    assert instant(parse('{__name__=~"lost|ALERTS"}'), window, at + 1).value == Vector()
    assert loop.own_samples() == []


async def test_a_rule_about_a_time_that_was_forgotten_says_so() -> None:
    bench = Bench(RULES.replace("1 - redis_up", f"redis_up @ {NOW // 1000 - 86_400}"))
    bench.window.forgotten = NOW - 3_600_000
    await bench.minute(a=1)

    (warning,) = bench.group.states[0].warnings
    assert warning.startswith("truncated: it reads back ")
