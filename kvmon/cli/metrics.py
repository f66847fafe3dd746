"""`kvmon metrics`: the catalogue, and what a server has that is not in it."""

from __future__ import annotations

import asyncio

import click

from kvmon.cli.nodes import node_of
from kvmon.cli.settings import Settings, config_option
from kvmon.errors import TargetError, UsageError


@click.command("metrics")
@config_option
@click.option("--unmapped", metavar="TARGET", help="Numeric INFO fields of this target (name or URL) that have no metric.")
def command(file: str | None, unmapped: str | None) -> None:
    """Print every metric: name, type, labels, source and meaning."""
    if unmapped is not None:
        _unmapped(unmapped, Settings(file))
        return
    from kvmon.model.metrics.catalogue import ALL

    width = max(len(row.name) for row in ALL)
    for row in ALL:
        labels = f" {{{','.join(row.labels)}}}" if row.labels else ""
        source = f" [{row.source}]" if row.source else ""
        click.echo(f"{row.name:<{width}}  {row.kind.value:<9}  {row.help}{labels}{source}")


def _unmapped(word: str, settings: Settings) -> None:
    from kvmon.diagnose.once import info_fields
    from kvmon.diagnose.unmapped import unmapped

    node, _ = node_of(word, settings)
    try:
        fields = asyncio.run(info_fields(node))
    except TargetError as error:
        raise UsageError(f"{node}: {error}") from None
    found = unmapped(fields)
    for name, value in found.items():
        click.echo(f"{name} {value:g}")
    click.echo(f"{len(found)} of {len(fields)} INFO fields are numbers without a metric", err=True)
