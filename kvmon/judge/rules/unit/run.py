"""Running unit tests of rules."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence

from kvmon.errors import EvaluationError, PromqlError
from kvmon.judge.alerts.durations import format_duration
from kvmon.judge.alerts.lifecycle import State
from kvmon.judge.alerts.texts import Outside
from kvmon.judge.promql import Engine, Query, finished, instant_work, parse
from kvmon.judge.rules.groups import Evaluation, RuleState, texts_of
from kvmon.judge.rules.questions import Questions
from kvmon.judge.rules.results import samples_of
from kvmon.judge.rules.rulefile import Group, Rule
from kvmon.judge.rules.unit.notation import Stale
from kvmon.judge.rules.unit.report import differing_alerts, differing_samples
from kvmon.judge.rules.unit.store import Store
from kvmon.judge.rules.unit.testfile import AlertTest, ExprTest, Test, TestFile
from kvmon.model.alert import Labels


def run_tests(file: TestFile, groups: Sequence[Group], *, wanted: Callable[[str], bool] = lambda _: True) -> Iterator[str]:
    """What fails, in words; nothing when all holds. `wanted` chooses tests by name."""
    places = {name: index for index, name in enumerate(file.order)}
    # Groups that are named go first, in that order; the others as they stand, as promtool's order for them is none.
    ordered = sorted(groups, key=lambda group: places.get(group.name, len(places)))
    for test in file.tests:
        if wanted(test.name):
            yield from _Run(file, test, ordered).run()


class _Run:
    """One test, from its first sample to its last expectation."""

    def __init__(self, file: TestFile, test: Test, groups: Sequence[Group]) -> None:
        self._file = file
        self._test = test
        self._groups = groups
        self._store = Store()
        self._engine = Engine(step=file.interval)
        self._outside = Outside(test.external_labels, test.external_url)
        self._texts = {id(rule): texts_of(rule) for group in groups for rule in group.rules}
        self._states = {id(rule): RuleState() for group in groups for rule in group.rules}
        self._loaded = 0

    def run(self) -> Iterator[str]:
        waiting = sorted(self._test.alerts, key=lambda one: one.at)
        every = self._file.interval
        for elapsed in range(0, self._test.end + 1, every):
            self._load(elapsed)
            broken = list(self._evaluate(elapsed))
            if broken:
                yield from broken
                return
            while waiting and waiting[0].at < elapsed + every:
                yield from self._alerts(waiting.pop(0))
        for expr in self._test.exprs:
            yield from self._expr(expr)

    def _load(self, elapsed: int) -> None:
        """Samples up to this time (ms from the start)."""
        steps = elapsed // self._test.interval + 1
        for step in range(self._loaded, steps):
            at = self._test.start + step * self._test.interval
            for labels, items in self._test.series:
                item = items[step] if step < len(items) else None
                if item is not None:
                    self._store.put(labels, at, None if isinstance(item, Stale) else item)
        self._loaded = steps

    def _evaluate(self, elapsed: int) -> Iterator[str]:
        at = self._test.start + elapsed
        for group in self._groups:
            for rule in group.rules:
                questions = Questions(self._store, at, self._engine)
                now = Evaluation(group, at, group.interval or self._test.interval, questions, self._outside)
                problem = self._rule(now, rule)
                if problem:
                    yield f"    rule: {rule.name}, time: {format_duration(elapsed)}, err: {problem}"

    def _rule(self, now: Evaluation, rule: Rule) -> str:
        state = self._states[id(rule)]
        try:
            found = self._instant(rule.query, now.query_at)
        except EvaluationError as error:
            outcome = now.failed(state, str(error))
        else:
            outcome = now.conclude(rule, self._texts[id(rule)], state, found)
        self._states[id(rule)] = outcome.state
        for labels, value in outcome.samples:
            self._store.put(labels, outcome.at, value)
        for labels in outcome.ended:
            self._store.put(labels, outcome.at, None)
        return outcome.state.error

    def _instant(self, query: Query, at: int) -> list[tuple[Labels, float]]:
        return samples_of(finished(instant_work(query, self._store, at, self._engine)).value)

    def _alerts(self, test: AlertTest) -> Iterator[str]:
        got = [
            (alert.labels, alert.annotations)
            for group in self._groups
            for rule in group.rules
            if rule.alerts and rule.name == test.name
            for alert in self._states[id(rule)].alerts.values()
            if alert.state is State.FIRING
        ]
        if sorted(got) != sorted(test.expected):
            yield differing_alerts(self._test.name, test, got)

    def _expr(self, test: ExprTest) -> Iterator[str]:
        place = f'    expr: "{test.expr}", time: {format_duration(test.at)}'
        try:
            found = self._instant(parse(test.expr), self._test.start + test.at)
        except (PromqlError, EvaluationError) as error:
            yield f"{place}, err: {error}"
            return
        if test.problem:
            yield f"{place}, err: {test.problem}"
            return
        got, expected = sorted(found, key=_by_labels), sorted(test.expected, key=_by_labels)
        if len(got) != len(expected) or not all(self._same(one, other) for one, other in zip(got, expected, strict=True)):
            yield differing_samples(place, expected, got)

    def _same(self, one: tuple[Labels, float], other: tuple[Labels, float]) -> bool:
        if one[0] != other[0]:
            return False
        near = {one[1], math.nextafter(one[1], math.inf), math.nextafter(one[1], -math.inf)} if self._file.fuzzy else {one[1]}
        return any(value == other[1] for value in near)


def _by_labels(sample: tuple[Labels, float]) -> Labels:
    return sample[0]
