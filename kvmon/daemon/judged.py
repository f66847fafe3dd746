"""One group of rules at work: its turns on the grid, its evaluations, and what they leave in the window."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import structlog

from kvmon.clock import Clock
from kvmon.errors import EvaluationError
from kvmon.judge.alerts.lifecycle import Remembered
from kvmon.judge.alerts.texts import Outside
from kvmon.judge.promql import Engine, instant_work, reach
from kvmon.judge.promql.extents import extents
from kvmon.judge.promql.pace import Pace
from kvmon.judge.promql.tree import Matchers
from kvmon.judge.promql.work import Work, parts
from kvmon.judge.rules.grid import phase, slot
from kvmon.judge.rules.groups import Evaluation, Outcome, RuleState, remembered, texts_of
from kvmon.judge.rules.questions import Questions
from kvmon.judge.rules.results import samples_of
from kvmon.judge.rules.rulefile import Group, Rule
from kvmon.judge.rules.status import GroupStatus
from kvmon.judge.window.window import Window
from kvmon.model.alert import Labels, Notice

log = structlog.get_logger("kvmon")

TRUNCATED = "truncated"
"""How a warning begins that says so."""

RESTORED_AT = 2
"""The evaluation after which alerts from before a restart are looked for: what they need has been polled and recorded then."""

Tell = Callable[[Rule, RuleState, Sequence[Notice]], Awaitable[None]]
"""Makes the new state of a rule durable, together with the notices."""

Known = Callable[[Rule], Mapping[Labels, Remembered]]
"""What is remembered of a rule's alerts from before the restart."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all groups work with."""

    window: Window
    pace: Pace
    clock: Clock
    outside: Outside
    engine: Engine
    owners: dict[Labels, Hashable] = field(default_factory=dict, compare=False)
    """Which rule writes a series: the first that did. Two rules of one result are one series, as in Prometheus."""


class JudgedGroup:
    """A group with the states of its rules."""

    def __init__(self, group: Group, around: Surroundings, states: Sequence[RuleState], *, evaluated: int = 0) -> None:
        self.group = group
        self.states = list(states)
        self.around = around
        self.interval = group.interval or around.engine.step
        self.offset = phase(group.key, self.interval)
        self.due = slot(self._now(), self.interval, self.offset) + self.interval
        self.at: int | None = None
        self.duration = 0.0
        self.missed = self.evaluations = self.failures = 0
        self.busy = False
        self.evaluated = evaluated
        self._texts = [texts_of(rule) for rule in group.rules]
        self._recorded: list[dict[Labels, Labels]] = [{} for _ in group.rules]
        self._keys = keys_of(group)

    @property
    def label(self) -> str:
        """What it is called in metrics, as in Prometheus: its file and its name."""
        return f"{self.group.file};{self.group.name}"

    def status(self) -> GroupStatus:
        """What is known of it now."""
        return GroupStatus(self.group, tuple(self.states), self.interval, self.at, self.duration)

    def turn(self, now: int) -> int | None:
        """The time (ms) to evaluate for, if its turn has come; turns that passed unused are counted and not made up for."""
        if now < self.due:
            return None
        at = slot(now, self.interval, self.offset)
        skipped = (at - self.due) // self.interval + self.busy
        self.missed += skipped
        self.due = at + self.interval
        return None if self.busy else at

    async def evaluate(self, at: int, *, tell: Tell, known: Known) -> None:
        """One evaluation at this time (ms): each rule in its order, as later ones read what earlier ones wrote."""
        began = self.around.clock.monotonic()
        self.busy = True
        try:
            for index in range(len(self.group.rules)):
                await self._rule(index, at, tell)
            self.evaluated += 1
            if self.evaluated >= RESTORED_AT:
                self._restore(known)
        finally:
            self.busy = False
        self.at = at
        self.duration = self.around.clock.monotonic() - began

    async def _rule(self, index: int, at: int, tell: Tell) -> None:
        rule, before = self.group.rules[index], self.states[index]
        began = self.around.clock.monotonic()
        outcome, remarks = await self._outcome(index, at)
        warnings = (*self._truncated(index, at), *remarks)
        after = replace(outcome.state, duration=self.around.clock.monotonic() - began, warnings=warnings)
        if rule.alerts:
            await tell(rule, after, outcome.notices)
        if after.health == "ok":
            await self.around.pace.run(self._write(index, outcome))
        self.evaluations += 1
        self.failures += after.health != "ok"
        self.states[index] = after
        if after.error != before.error:
            self._log(rule, after)

    def _write(self, index: int, outcome: Outcome) -> Work[None]:
        key, owners = self._keys[index], self.around.owners
        for labels in outcome.ended:
            if owners.get(labels) == key:
                del owners[labels]
        own: list[tuple[Labels, float]] = []
        for part in parts(outcome.samples):
            own += [sample for sample in part if owners.setdefault(sample[0], key) == key]
            yield
        yield from self.around.window.put_work(key, outcome.at, own)

    async def _outcome(self, index: int, at: int) -> tuple[Outcome, Sequence[str]]:
        """What the rule comes to, and PromQL's warnings about it."""
        rule, around, state = self.group.rules[index], self.around, self.states[index]
        questions = Questions(around.window, at, around.engine)
        now = Evaluation(self.group, at, self.interval, questions, around.outside, recorded=self._recorded[index])
        work = instant_work(rule.query, around.window, now.query_at, around.engine)
        try:
            result = await around.pace.run(work)
            found = samples_of(result.value)
        except EvaluationError as error:
            return now.failed(state, str(error)), ()
        return await around.pace.run(now.work(rule, self._texts[index], state, found)), result.warnings

    def _restore(self, known: Known) -> None:
        now = self._now()
        for index, rule in enumerate(self.group.rules):
            if not self.states[index].restored:
                self.states[index] = remembered(self.states[index], rule, known(rule), now)

    def _truncated(self, index: int, at: int) -> tuple[str, ...]:
        """A rule is not to be silently wrong where memory was too little for what it reads."""
        query_at = at - self.group.query_offset
        engine, since = self.around.engine, self.around.window.since
        reads = extents(self.group.rules[index].query.expr, query_at, query_at, lookback=engine.lookback, step=engine.step)
        short = [(low, since(selector.matchers)) for selector, (low, _) in reads.items() if low < since(selector.matchers)]
        if not short:
            return ()
        low, there = max(short, key=lambda each: each[1] - each[0])
        return (f"{TRUNCATED}: it reads back {(at - low) // 1000} s, the window has {(at - there) // 1000} s",)

    def _log(self, rule: Rule, state: RuleState) -> None:
        where = {"file": self.group.file, "group": self.group.name, "rule": rule.name}
        if state.error:
            log.warning("a rule cannot be evaluated", error=state.error, **where)
        else:
            log.info("a rule is evaluated again", **where)

    def _now(self) -> int:
        return round(self.around.clock.time() * 1000)


def keys_of(group: Group) -> list[Hashable]:
    """What each rule is known by in the window, through reloads: its group, name and labels, and which of those alike it is."""
    seen: Counter[tuple[str, Labels]] = Counter()
    keys: list[Hashable] = []
    for rule in group.rules:
        keys.append((*group.key, rule.name, rule.labels, seen[rule.name, rule.labels]))
        seen[rule.name, rule.labels] += 1
    return keys


def reaches_of(groups: Sequence[Group]) -> dict[Matchers, int]:
    """How far back (ms) each selector of these rules reads."""
    found: dict[Matchers, int] = {}
    for group in groups:
        for rule in group.rules:
            for selector, milliseconds in reach(rule.query.expr).items():
                reaches = milliseconds + group.query_offset
                found[selector.matchers] = max(found.get(selector.matchers, 0), reaches)
    return found
