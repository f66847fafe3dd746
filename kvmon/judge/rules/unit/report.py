"""What was expected and what came, so that the difference meets the eye."""

from __future__ import annotations

from collections.abc import Sequence

from kvmon.judge.alerts.durations import format_duration
from kvmon.judge.promql.labels import text_of
from kvmon.judge.rules.unit.testfile import AlertTest
from kvmon.judge.templates.numbers import general
from kvmon.model.alert import Labels

Told = tuple[Labels, Labels]


def differing_alerts(test: str, wanted: AlertTest, got: Sequence[Told]) -> str:
    """Alerts that are missing (-) and that nobody expected (+); of two that differ in annotations only, these."""
    lines = [f"    name: {test}, alertname: {wanted.name}, time: {format_duration(wanted.at)}"]
    missing, extra = _without(wanted.expected, got), _without(got, wanted.expected)
    for alert in missing:
        twin = next((other for other in extra if other[0] == alert[0]), None)
        if twin is None:
            lines += [f"      - {text_of(alert[0])}", *_annotations("-", alert[1])]
            continue
        extra.remove(twin)
        lines += [
            f"        {text_of(alert[0])}",
            *_annotations("-", _less(alert[1], twin[1])),
            *_annotations("+", _less(twin[1], alert[1])),
        ]
    for alert in extra:
        lines += [f"      + {text_of(alert[0])}", *_annotations("+", alert[1])]
    lines.append(f"      (- expected, + got; {len(wanted.expected)} expected, {len(got)} got)")
    return "\n".join(lines)


def differing_samples(place: str, expected: Sequence[tuple[Labels, float]], got: Sequence[tuple[Labels, float]]) -> str:
    """Samples that are missing (-) and that nobody expected (+)."""
    want, have = [_sample(one) for one in expected], [_sample(one) for one in got]
    lines = [f"      - {line}" for line in want if line not in have] + [f"      + {line}" for line in have if line not in want]
    if not lines:
        lines = ["      (the same texts: a NaN equals nothing, and numbers may differ in their last digit: see fuzzy_compare)"]
    return "\n".join([place, *lines, f"      (- expected, + got; {len(want)} expected, {len(have)} got)"])


def _sample(one: tuple[Labels, float]) -> str:
    return f"{text_of(one[0])} {general(one[1])}"


def _without(alerts: Sequence[Told], others: Sequence[Told]) -> list[Told]:
    left = list(others)
    rest = []
    for alert in alerts:
        if alert in left:
            left.remove(alert)
        else:
            rest.append(alert)
    return rest


def _less(texts: Labels, others: Labels) -> Labels:
    return tuple(pair for pair in texts if pair not in others)


def _annotations(sign: str, texts: Labels) -> list[str]:
    return [f"      {sign}     {name}: {text}" for name, text in texts]
