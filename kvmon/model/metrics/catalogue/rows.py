"""Rows written as tables: what a table's rows have in common is said once."""

from __future__ import annotations

from kvmon.model.metrics.spec import GAUGE, Kind, Scale, Spec

SAME = "="
"""In a table: the field is called as the metric is, without its prefix."""

Row = tuple[str, str, str, str]
"""Name without `redis_`, source field (`=`: the same; empty: computed), unit, help."""


def rows(source: str, kind: Kind, *table: Row, labels: tuple[str, ...] = (), scale: Scale = Scale.NUMBER) -> tuple[Spec, ...]:
    """One row of the catalogue for each of the table."""
    return tuple(
        Spec(
            name=f"redis_{name}", help=text, kind=kind, field=name if field == SAME else field,
            labels=labels, scale=scale, source=source, unit=unit,
        )
        for name, field, unit, text in table
    )  # fmt: skip


def row(name: str, text: str, *labels: str, source: str, kind: Kind = GAUGE, unit: str = "") -> Spec:
    """A row with labels, whose values a collector computes."""
    return Spec(name=f"redis_{name}", help=text, kind=kind, labels=labels, source=source, unit=unit)
