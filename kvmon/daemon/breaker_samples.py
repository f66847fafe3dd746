"""Verdicts as samples."""

from __future__ import annotations

from kvmon.judge.breakers.breaker import State
from kvmon.model.evidence import Verdicts
from kvmon.model.metrics.catalogue import breakers as rows
from kvmon.model.metrics.sample import Sample


def samples_of(verdicts: Verdicts) -> list[Sample]:
    """What the breakers conclude."""
    found = []
    for verdict in verdicts.all:
        labels = (verdict.target, verdict.op, verdict.shard)
        found += [Sample(rows.STATE, float(state == verdict.state), (*labels, state.value)) for state in State]
        found.append(Sample(rows.PERMIT_RATIO, verdict.permit_ratio, labels))
        found.append(Sample(rows.TRANSITIONS, verdict.generation, labels))
        for spec, on in (
            (rows.SUSPECT, verdict.suspect),
            (rows.FLAPPING, verdict.flapping),
            (rows.DEGRADED, verdict.degraded),
        ):
            found.append(Sample(spec, float(on), labels))
        if verdict.mode != "auto":
            found.append(Sample(rows.OVERRIDDEN, 1, (*labels, verdict.mode)))
        if verdict.told.reporters:
            found.append(Sample(rows.REPORTERS, verdict.told.reporters, labels))
    return found
