"""What an evaluation of a rule comes to: series, alerts, notices. The query has been asked elsewhere. Times are milliseconds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from functools import partial

from kvmon.judge.alerts.functions import link
from kvmon.judge.alerts.lifecycle import (
    GRACE,
    RESEND,
    Alerts,
    Found,
    OverLimit,
    Remembered,
    SameLabels,
    Terms,
    restore,
    series,
    step_work,
    tell,
)
from kvmon.judge.alerts.texts import Outside, Texts
from kvmon.judge.promql import finished
from kvmon.judge.promql.grouping import KEPT
from kvmon.judge.promql.work import Work, parts
from kvmon.judge.rules.questions import Questions
from kvmon.judge.rules.rulefile import Group, Rule
from kvmon.model.alert import Labels, Notice

Sample = tuple[Labels, float]
PART = 50
"""Alerts whose texts are filled in between two stops."""

UNKNOWN, GOOD, BAD = "unknown", "ok", "err"


@dataclass(frozen=True, slots=True)
class RuleState:
    """What a rule has come to so far.

    `health`: unknown, ok or err; `error`: of the last evaluation; `at` and `duration` (seconds): of the last evaluation;
    `written`: the series of the last good one; `restored`: whether alerts from before a restart were looked for.
    """

    alerts: Alerts = field(default_factory=dict)
    health: str = UNKNOWN
    error: str = ""
    at: int | None = None
    duration: float = 0.0
    written: frozenset[Labels] = frozenset()
    restored: bool = True
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """One evaluation of one rule: its new state, samples and ends of series to be written at the time `at`, what to tell."""

    state: RuleState
    at: int
    samples: tuple[Sample, ...] = ()
    ended: tuple[Labels, ...] = ()
    notices: tuple[Notice, ...] = ()


def texts_of(rule: Rule) -> Texts:
    """Its templates; those of a recording rule are plain texts."""
    return Texts(rule.name, rule.labels, rule.annotations) if rule.alerts else Texts(rule.name, (), ())


class RuleFailed(ValueError):
    """A rule cannot be evaluated; the text is Prometheus'."""


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What one evaluation of a rule is given. `interval` and `resend` are milliseconds; `ask` is for templates.

    `recorded` remembers labels of a recording rule from one evaluation to the next: who hands it in saves making them anew.
    """

    group: Group
    at: int
    interval: int
    ask: Questions
    outside: Outside = field(default_factory=Outside)
    resend: int = RESEND
    recorded: dict[Labels, Labels] = field(default_factory=dict, compare=False)

    @property
    def query_at(self) -> int:
        """When the expressions are evaluated."""
        return self.at - self.group.query_offset

    def conclude(self, rule: Rule, texts: Texts, state: RuleState, found: Sequence[Sample]) -> Outcome:
        """From what the expression found."""
        return finished(self.work(rule, texts, state, found))

    def work(self, rule: Rule, texts: Texts, state: RuleState, found: Sequence[Sample]) -> Work[Outcome]:
        """The same in parts of a few milliseconds: thousands of alerts may begin at once."""
        try:
            if rule.alerts:
                return (yield from self._alerts(rule, texts, state, found))
            return (yield from self._records(rule, state, found))
        except OverLimit as error:
            return self.failed(replace(state, alerts={}), str(error))
        except (SameLabels, RuleFailed) as error:
            return self.failed(state, str(error))

    def failed(self, state: RuleState, problem: str) -> Outcome:
        """The expression cannot be evaluated: alerts stay as they were, and nothing is written."""
        return Outcome(replace(state, health=BAD, error=problem, at=self.at), self.query_at)

    def _alerts(self, rule: Rule, texts: Texts, state: RuleState, found: Sequence[Sample]) -> Work[Outcome]:
        now: list[Found] = []
        for labels, value in found:
            fill = partial(texts.found, labels, value, query=self.ask, at=self.at, outside=self.outside)
            now.append((yield from self.ask.answered(fill)))
            if len(now) % PART == 0:
                yield
        terms = Terms(rule.hold, rule.keep_firing, self.group.limit)
        alerts = yield from step_work(state.alerts, now, terms, self.at)
        url = self.outside.url + link(rule.query.text, tab=1)
        yield
        samples: list[Sample] = []
        written = set[Labels]()
        for part in parts(list(alerts.values()) if state.restored else [], 4 * PART):
            some = series(part, rule.name, rule.labels)
            written.update([labels for labels, _ in some])
            samples += some
            yield
        alerts, notices = tell(alerts, self.at, interval=self.interval, resend=self.resend, url=url)
        yield
        return self._good(replace(state, alerts=alerts), samples, written, notices)

    def _records(self, rule: Rule, state: RuleState, found: Sequence[Sample]) -> Work[Outcome]:
        own = {"__name__": rule.name, **dict(rule.labels)}
        samples: list[Sample] = []
        written = set[Labels]()
        known = self.recorded
        if len(known) > KEPT:
            known.clear()
        for part in parts(found):
            some = [(known.get(labels) or known.setdefault(labels, _with(labels, own)), value) for labels, value in part]
            written.update([labels for labels, _ in some])
            samples += some
            yield
        if len(written) != len(samples):
            raise RuleFailed("vector contains metrics with the same labelset after applying rule labels")
        if 0 < self.group.limit < len(samples):
            raise RuleFailed(f"exceeded limit of {self.group.limit} with {len(samples)} series")
        return self._good(state, samples, written)

    def _good(
        self, state: RuleState, samples: Sequence[Sample], written: AbstractSet[Labels], notices: tuple[Notice, ...] = ()
    ) -> Outcome:
        ended = tuple(sorted(state.written - written))
        after = replace(state, health=GOOD, error="", at=self.at, written=frozenset(written))
        return Outcome(after, self.query_at, tuple(samples), ended, notices)


def _with(labels: Labels, own: Mapping[str, str]) -> Labels:
    return tuple(sorted((name, value) for name, value in {**dict(labels), **own}.items() if value))


def remembered(state: RuleState, rule: Rule, known: Mapping[Labels, Remembered], now: int, *, grace: int = GRACE) -> RuleState:
    """The state with alerts from before a restart; from now on its series are written."""
    terms = Terms(rule.hold, rule.keep_firing)
    return replace(state, alerts=restore(state.alerts, known, terms, now, grace=grace), restored=True)


def inherit(old: Iterable[tuple[Rule, RuleState]], rules: Sequence[Rule]) -> tuple[tuple[RuleState, ...], tuple[Labels, ...]]:
    """The states after a reload, from rules of the same name and labels, in order; and the series that nobody writes now."""
    left: dict[tuple[str, Labels], list[tuple[Rule, RuleState]]] = {}
    for rule, state in old:
        left.setdefault((rule.name, rule.labels), []).append((rule, state))
    states: list[RuleState] = []
    for rule in rules:
        same = left.get((rule.name, rule.labels))
        if not same:
            states.append(RuleState())
            continue
        before, state = same.pop(0)
        alerts = state.alerts if rule.alerts and before.alerts else {}
        states.append(RuleState(alerts=alerts, written=state.written, restored=state.restored))
    ended = [labels for rest in left.values() for _, state in rest for labels in state.written]
    return tuple(states), tuple(sorted(ended))
