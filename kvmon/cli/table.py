"""Rows as lines, each column as wide as it has to be."""

from __future__ import annotations

from collections.abc import Sequence

import click


def table(rows: Sequence[tuple[str, ...]]) -> None:
    """Print them; the first is the head."""
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
