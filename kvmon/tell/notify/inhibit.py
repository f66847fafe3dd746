"""Inhibition: an alert is not told while another one says more."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from kvmon.judge.promql.work import Work
from kvmon.tell.notify.held import Held
from kvmon.tell.notify.matchers import Matcher, matches_all


@dataclass(frozen=True, slots=True)
class InhibitRule:
    """Alerts of `target` are held back while one of `source` fires that has the same values of the labels `equal`."""

    source: tuple[Matcher, ...]
    target: tuple[Matcher, ...]
    equal: tuple[str, ...] = ()


class Inhibitor:
    """What the alerts that fire at one moment hold back."""

    def __init__(self, rules: Sequence[InhibitRule]) -> None:
        self._rules = rules
        self._sources: list[dict[tuple[str, ...], list[Held]]] = [{} for _ in rules]

    @classmethod
    def over(cls, rules: Sequence[InhibitRule], alerts: Iterable[Held], now: float) -> Work[Inhibitor]:
        """Of those of the alerts that fire now."""
        made = cls(rules)
        for alert in alerts if rules else ():
            if not alert.resolved(now):
                made.add(alert)
            yield
        return made

    def add(self, alert: Held) -> None:
        """One more that fires."""
        for rule, index in zip(self._rules, self._sources, strict=True):
            if matches_all(rule.source, alert.labels):
                index.setdefault(_equal(rule, alert.labels), []).append(alert)

    def by(self, labels: Mapping[str, str]) -> str | None:
        """The fingerprint of an alert that inhibits one with these labels.

        An alert on both sides of a rule is not inhibited by another such.
        """
        for rule, index in zip(self._rules, self._sources, strict=True):
            if not matches_all(rule.target, labels):
                continue
            both = matches_all(rule.source, labels)
            for source in index.get(_equal(rule, labels), ()):
                if not (both and matches_all(rule.target, source.labels)):
                    return source.fingerprint
        return None


def _equal(rule: InhibitRule, labels: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(labels.get(name, "") for name in rule.equal)
