"""Rows as lines, each column as wide as it has to be."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Container, Sequence

import click

GAP = 2
"""Blanks between two columns."""


def table(rows: Sequence[tuple[str, ...]], *, right: Container[int] = (), optional: int = 0) -> None:
    """Print them; the first is the head. Columns in `right` end where the column ends.

    Of the last `optional` columns those are left out that do not fit into a terminal; a pipe gets all.
    """
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    if optional and sys.stdout.isatty():
        there = shutil.get_terminal_size().columns
        least = len(widths) - optional
        while len(widths) > least and sum(widths) + GAP * (len(widths) - 1) > there:
            widths.pop()
    for row in rows:
        cells = [
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=False))
        ]
        click.echo((" " * GAP).join(cells).rstrip())
