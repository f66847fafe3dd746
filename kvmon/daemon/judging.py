"""The judge loop: groups of rules are evaluated over the window, and what they find is told."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Hashable, Sequence
from functools import partial
from typing import TYPE_CHECKING, NoReturn

import structlog

from kvmon.clock import Clock
from kvmon.config.rules import Rules
from kvmon.daemon.alert_journal import AlertJournal, happened
from kvmon.daemon.calendar import Calendar
from kvmon.daemon.judged import TRUNCATED, JudgedGroup, Surroundings, keys_of, reaches_of
from kvmon.journal.store import Journal
from kvmon.judge.alerts.texts import Outside
from kvmon.judge.promql import Engine
from kvmon.judge.rules.groups import RuleState, inherit
from kvmon.judge.rules.rulefile import Group, Rule
from kvmon.judge.rules.status import GroupStatus
from kvmon.model.alert import Labels, Notice
from kvmon.model.metrics.catalogue import rules as rows
from kvmon.model.metrics.sample import Sample

if TYPE_CHECKING:
    import sqlite3

    from kvmon.judge.promql.pace import Pace
    from kvmon.judge.window.window import Window

log = structlog.get_logger("kvmon")

Take = Callable[[Sequence[Notice], "Callable[[sqlite3.Connection], None] | None"], Awaitable[None]]
"""Tells notices; what else is to be written is in the same transaction."""


class JudgeLoop:
    """Evaluates each group on its grid. A group that is slow skips turns, and delays no other."""

    def __init__(  # noqa: PLR0913 - what judging stands between
        self,
        rules: Rules,
        *,
        window: Window,
        pace: Pace,
        clock: Clock,
        journal: Journal,
        take: Take,
        url: str,
        delayed: bool = False,
    ) -> None:
        self._clock = clock
        self._window = window
        self._pace = pace
        self._take = take
        self._remembered = AlertJournal(journal)
        self._delayed = delayed
        self._groups: dict[tuple[str, str], JudgedGroup] = {}
        self._owners: dict[Labels, Hashable] = {}
        self._tasks: dict[asyncio.Task[None], JudgedGroup] = {}
        self._broken: asyncio.Future[BaseException] | None = None
        self._calendar: Calendar | None = None
        self._rules = Rules()
        self._started = False
        self.apply(rules, url)

    def apply(self, rules: Rules, url: str) -> None:
        """Evaluate these from now on. Groups that are the same go on; others keep the alerts of rules that are still there."""
        engine = Engine(step=rules.interval, delayed=self._delayed)
        around = Surroundings(self._window, self._pace, self._clock, Outside(url=url), engine, self._owners)
        before, self._groups = self._groups, {}
        for group in rules.groups:
            old = before.pop(group.key, None)
            same = old is not None and old.group == group and old.around == around
            self._groups[group.key] = old if old is not None and same else self._made(group, around, old)
        for gone in before.values():
            self._end(gone)
        self._rules = rules
        self._window.keep(reaches_of(rules.groups))
        if self._calendar is not None:
            self._calendar.plan()

    def _made(self, group: Group, around: Surroundings, old: JudgedGroup | None) -> JudgedGroup:
        """A group that begins, or replaces one that was otherwise."""
        if old is None:
            # Alerts from before a restart come back only when the daemon starts; a group of a reload is new.
            return JudgedGroup(group, around, [RuleState(restored=self._started) for _ in group.rules])
        self._stop(old)
        states, _ = inherit(zip(old.group.rules, old.states, strict=True), group.rules)
        self._end_series([key for key in keys_of(old.group) if key not in keys_of(group)])
        return JudgedGroup(group, around, states, evaluated=old.evaluated)

    def _end(self, group: JudgedGroup) -> None:
        self._stop(group)
        self._end_series(keys_of(group.group))

    def _end_series(self, keys: Sequence[Hashable]) -> None:
        now = round(self._clock.time() * 1000)
        for key in keys:
            self._window.end(key, now)
        for labels in [labels for labels, key in self._owners.items() if key in keys]:
            del self._owners[labels]

    def _stop(self, group: JudgedGroup) -> None:
        for task, of in self._tasks.items():
            if of is group:
                task.cancel()

    def status(self) -> list[GroupStatus]:
        """All groups, in the order of their files."""
        return [group.status() for group in self._groups.values()]

    def own_samples(self) -> list[Sample]:
        """What the daemon says of its rules."""
        found: list[Sample] = []
        states: Counter[str] = Counter({"pending": 0, "firing": 0})
        truncated = 0
        for group in self._groups.values():
            label = (group.label,)
            found += [
                Sample(rows.EVALUATIONS, group.evaluations, label),
                Sample(rows.FAILURES, group.failures, label),
                Sample(rows.MISSED, group.missed, label),
                Sample(rows.RULES, len(group.group.rules), label),
            ]
            if group.at is not None:
                found += [Sample(rows.DURATION, group.duration, label), Sample(rows.EVALUATED, group.at / 1000, label)]
            for state in group.states:
                truncated += any(warning.startswith(TRUNCATED) for warning in state.warnings)
                states.update(alert.state.value for alert in state.alerts.values())
        found += [Sample(rows.ALERTS, states[state], (state,)) for state in ("pending", "firing")]
        return [*found, Sample(rows.TRUNCATED, truncated)] if self._groups else []

    async def run(self) -> NoReturn:
        """Evaluate until cancelled. A bug, wherever it happens, comes out here."""
        self._broken = asyncio.get_running_loop().create_future()
        await self._remembered.load()
        self._started = True
        self._calendar = Calendar(self._tick, head=self._head, clock=self._clock, on_bug=self._break)
        try:
            self._calendar.start()
            log.info("rules are evaluated", groups=len(self._groups), files=len(self._rules.files))
            raise await self._broken
        finally:
            self._calendar.stop()
            tasks = list(self._tasks)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def _head(self) -> float | None:
        """When the next group is due, in monotonic seconds; groups are due by the wall clock."""
        if not self._groups:
            return None
        due = min(group.due for group in self._groups.values()) / 1000
        return self._clock.monotonic() + due - self._clock.time()

    def _tick(self) -> None:
        now = round(self._clock.time() * 1000)
        for group in self._groups.values():
            at = group.turn(now)
            if at is not None:
                known = partial(self._remembered.known, group.group.key)
                work = group.evaluate(at, tell=partial(self._tell, group.group), known=known)
                task = asyncio.get_running_loop().create_task(work, name=f"rules {group.label}")
                self._tasks[task] = group
                task.add_done_callback(self._done)

    async def _tell(self, group: Group, rule: Rule, state: RuleState, notices: Sequence[Notice]) -> None:
        works = [work for work in (self._remembered.work(group.key, rule, state), happened(rule, state)) if work is not None]

        def also(connection: sqlite3.Connection) -> None:
            for work in works:
                work(connection)

        if notices or works:
            await self._take(notices, also if works else None)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.pop(task, None)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._break(error)

    def _break(self, error: BaseException) -> None:
        if self._broken is not None and not self._broken.done():
            self._broken.set_result(error)
