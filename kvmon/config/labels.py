"""Labels of a target that would hide a label which the series already have."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

RESERVED = {"target": "every series", "instance": "every series", "le": "histograms", "quantile": "summaries"}


def collisions(labels: Iterable[str]) -> list[tuple[str, str]]:
    """Each label that cannot be used, and what already carries one of that name."""
    names = list(labels)
    if not names:
        return []
    owners = _owners()
    return [(name, owners[name]) for name in names if name in owners]


@cache
def _owners() -> dict[str, str]:
    from kvmon.model.metrics.catalogue import ALL

    owners = dict(RESERVED)
    for spec in ALL:
        if "target" in spec.labels:
            continue  # the daemon's own series about a target do not carry the target's labels
        for label in spec.labels:
            owners.setdefault(label, spec.name)
    return owners
