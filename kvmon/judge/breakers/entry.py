"""A breaker with what surrounds it: the reports of applications, a person's decision, and what was last shown."""

from __future__ import annotations

from dataclasses import replace

from kvmon.judge.breakers.breaker import Breaker, State
from kvmon.judge.breakers.flapping import Flapping
from kvmon.judge.breakers.paces import Paces
from kvmon.judge.breakers.reports import FEW, Reports
from kvmon.judge.breakers.slow import Slowness
from kvmon.model.evidence import Evidence, Mode, Op, Outcome, Override, Report, Slots, Told, Verdict
from kvmon.model.targets.thresholds import Thresholds

Key = tuple[str, Op, str]

PATIENCE = 2.0
"""Seconds that probes have to confirm or deny what applications say."""

ALONE = 0.1
"""How much of its calls may go for a reporter whose calls fail while they work for others: with none it would never know."""

SLOW = 0.5
"""How much of the calls may go to what has become slow."""

QUIET = 5.0
"""Seconds without another alarm after one that probes denied."""


class Entry:
    """Used by the board. Times are monotonic seconds."""

    __slots__ = (
        "_state", "alarmed_at", "breaker", "denials", "flapping", "generation", "index", "key", "last", "last_ok",
        "last_shown", "maintained_until", "overridden_until", "override", "paces", "quiet_until", "reports", "slots",
        "slowness", "told_slow", "tripped",
    )  # fmt: skip

    def __init__(self, key: Key, breaker: Breaker) -> None:
        self.key = key
        self.breaker = breaker
        self.index = self.generation = 0
        self.slots: Slots = ()
        self.override: Override | None = None
        self.reports: Reports | None = None
        self.alarmed_at = self.quiet_until = 0.0
        self.denials = 0
        self.tripped = self.told_slow = False
        self.paces: Paces | None = None
        self.last_ok: float | None = None
        self.last: Evidence | None = None
        self.last_shown: tuple[object, ...] | None = None
        self.slowness, self.flapping = Slowness(), Flapping()
        self._state = breaker.state
        self.maintained_until = self.overridden_until = 0.0

    def take(self, evidence: Evidence) -> None:
        """Judge what a probe found out."""
        before = self.breaker
        if not evidence.ok:
            self.slowness.forget()
        elif not evidence.tainted:
            self.slowness.take(evidence.duration, self.rules)
        if evidence.ok and self.slowness.slow and self.rules.slow_opens:
            evidence = replace(evidence, ok=False, outcome="slow")
            if before.state is State.CLOSED:
                self.breaker = before = before.trip(evidence.end, "slow")
        if evidence.ok and before.state is State.OPEN and self._still_told(evidence.end):
            # Applications opened it, and do not agree that it is over.
            self.breaker = replace(before, heard=evidence.end)
            return
        self.breaker = before.step(evidence)
        self.last = evidence
        if evidence.ok:
            self.last_ok = evidence.end
        if not before.alarmed or evidence.at < self.alarmed_at or not self.breaker.alarmed:
            return
        if not evidence.ok:
            # Applications and a probe say the same.
            self.breaker = self.breaker.trip(evidence.end, evidence.outcome)
            return
        self.denials += 1
        if self.denials >= self.rules.trials:
            self._conclude(evidence.end)

    def _still_told(self, now: float) -> bool:
        """Whether applications, who opened it, go on saying that calls fail."""
        return self.tripped and self.reports is not None and self.reports.alarming(now, least=FEW)

    def hear(self, outcome: Outcome, report: Report, now: float) -> None:
        """Take what an application says. What it saw before the state began is no news."""
        if self.reports is None:
            self.reports = Reports(self.rules)
        stale = now - report.window < self.breaker.since
        self.reports.add(report.reporter, outcome.outcome, 0 if stale else outcome.count, outcome.milliseconds, now)
        if outcome.outcome == "ok" and outcome.milliseconds > 0.0:
            self.paces = self.paces or Paces(self.rules)
            self.paces.add(report.reporter, outcome.count, outcome.milliseconds, now)
        least = min(FEW, self.rules.min_failures) if self.breaker.ramping(now) else self.rules.min_failures
        if (
            self.breaker.state in (State.CLOSED, State.UNKNOWN)
            and not self.breaker.alarmed
            and now >= self.quiet_until
            and self.reports.alarming(now, least=least)
        ):
            self.breaker = replace(self.breaker, alarmed=True)
            self.alarmed_at, self.denials = now, 0

    def settle(self, now: float, override: Override | None, until: float) -> None:
        """What time alone has changed. `until`: when the override ends."""
        self.override, self.overridden_until = override, until
        self.told_slow = self.paces is not None and self.paces.slow(now)
        expecting = now < self.maintained_until
        held = expecting and self.rules.open_on_maintenance
        if (self.breaker.expecting, self.breaker.held) != (expecting, held):
            self.breaker = replace(self.breaker, expecting=expecting, held=held)
        self.breaker = self.breaker.settle(now)
        if held:
            self.breaker = self.breaker.trip(now, "maintenance")
        if self.breaker.alarmed and now - self.alarmed_at > PATIENCE:
            self._conclude(now)
        if self.breaker.state is State.OPEN and self._state in (State.CLOSED, State.UNKNOWN):
            self.flapping.opened(self.breaker.since)
        self._state = self.breaker.state
        self.tripped = self.tripped and self._state is not State.CLOSED
        self.flapping.settle(now)
        if self.breaker.flapping != self.flapping.on:
            self.breaker = replace(self.breaker, flapping=self.flapping.on)
        if self.breaker.generation != self.generation:
            self.generation = self.breaker.generation
            if self.reports is not None:
                self.reports.clear()

    def _conclude(self, now: float) -> None:
        """Probes do not confirm what applications say: it counts where enough of them say it."""
        reports = self.reports
        if reports is not None and reports.alarming(now, least=min(FEW, self.rules.min_failures)) and reports.quorum(now):
            self.breaker = self.breaker.trip(now, reports.summary(now).worst or "reported", level=1)
            self.tripped = True
        else:
            self.breaker = replace(self.breaker, alarmed=False)
            self.quiet_until = now + QUIET

    @property
    def rules(self) -> Thresholds:
        """When it opens and closes."""
        return self.breaker.rules

    @property
    def mode(self) -> Mode:
        """Who decides."""
        return self.override.mode if self.override is not None else self.rules.mode

    def obey(self, rules: Thresholds) -> None:
        """Open and close by these from now on."""
        if rules != self.rules:
            self.breaker = replace(self.breaker, rules=rules)
            self.reports = self.paces = None

    def ratio(self, now: float) -> float:
        """How much of the calls may go, whoever decides."""
        mode = self.mode
        if mode == "auto":
            return min(self.breaker.permit_ratio(now), SLOW if self.degraded else 1.0)
        return 0.0 if mode == "forced_open" else 1.0

    def alone(self, reporter: str, now: float, wall: float) -> Verdict | None:
        """What it says to this reporter alone, whose calls fail though the breaker is closed: its way here may be broken."""
        if self.reports is None or self.mode != "auto" or self.breaker.state is not State.CLOSED:
            return None
        if self.breaker.alarmed and reporter not in self.reports.troubled:
            return None  # it is being looked into whether it is alone
        trouble = self.reports.trouble(reporter, now)
        if not trouble:
            return None
        ratio = min(ALONE, self.ratio(now))
        return replace(
            self.verdict(now, wall), advice="limit", permit_ratio=ratio, reason_class=trouble, suspect=True, reporter=reporter
        )

    @property
    def degraded(self) -> bool:
        """Whether it succeeds, but has become slow."""
        return (self.slowness.slow or self.told_slow) and self.breaker.state is State.CLOSED

    @property
    def _reason(self) -> str:
        return self.breaker.reason_class or ("slow" if self.degraded else "")

    def shown(self, now: float) -> tuple[object, ...]:
        """What makes a verdict another one."""
        breaker, flapping = self.breaker, self.flapping.on
        return (breaker.generation, self._reason, self.ratio(now), self.slots, self.override, self.mode, flapping)

    def verdict(self, now: float, wall: float) -> Verdict:
        """What it says now; `wall` is what makes wall seconds of monotonic ones."""
        target, op, shard = self.key
        breaker, ratio, override = self.breaker, self.ratio(now), self.override
        forced = override is not None and override.mode == "forced_open"
        retry_after = self.overridden_until - now if forced else breaker.retry_after(now)
        said, last = self.reports.summary(now) if self.reports is not None else None, self.last
        return Verdict(
            target=target, op=op, shard=shard, state=breaker.state.value,
            advice="deny" if ratio == 0.0 else "limit" if ratio < 1.0 else "allow", permit_ratio=ratio,
            retry_after_ms=round(1000 * max(0.0, retry_after)) if ratio == 0.0 else 0, since=wall + breaker.since,
            generation=breaker.generation, reason_class=self._reason, index=self.index, failures=breaker.failures,
            last_outcome=last.outcome if last else "", last=wall + last.end if last else None,
            latency_ms=round(1000 * last.duration, 3) if last else None,
            last_ok=None if self.last_ok is None else wall + self.last_ok, slots=self.slots,
            mode=self.mode, override=override, suspect=breaker.suspect, flapping=self.flapping.on, degraded=self.degraded,
            maintenance=breaker.expecting, thresholds=self.rules,
            told=Told() if said is None else Told(said.reporters, said.calls, round(said.ratio, 4)),
        )  # fmt: skip
