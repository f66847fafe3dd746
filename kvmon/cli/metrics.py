"""`kvmon metrics`: the catalogue, and what a server has that is not in it."""

from __future__ import annotations

import asyncio

import click

from kvmon.cli.document import json_option, tell
from kvmon.cli.nodes import node_of
from kvmon.cli.settings import Settings, config_option
from kvmon.errors import TargetError, UsageError


@click.command("metrics")
@config_option
@click.option("--unmapped", metavar="TARGET", help="Numeric INFO fields of this target (name or URL) that have no metric.")
@json_option
def command(file: str | None, unmapped: str | None, *, as_json: bool) -> None:
    """Print every metric: name, type, labels, source and meaning."""
    if unmapped is not None:
        _unmapped(unmapped, Settings(file), as_json=as_json)
        return
    from kvmon.model.metrics.catalogue import ALL

    if as_json:
        tell(
            [
                {"name": row.name, "type": row.kind.value, "labels": list(row.labels), "source": row.source, "help": row.help}
                for row in ALL
            ]
        )
        return
    width = max(len(row.name) for row in ALL)
    for row in ALL:
        labels = f" {{{','.join(row.labels)}}}" if row.labels else ""
        source = f" [{row.source}]" if row.source else ""
        click.echo(f"{row.name:<{width}}  {row.kind.value:<9}  {row.help}{labels}{source}")


def _unmapped(word: str, settings: Settings, *, as_json: bool) -> None:
    from kvmon.diagnose.once import info_fields
    from kvmon.diagnose.unmapped import unmapped

    node, _ = node_of(word, settings)
    try:
        fields = asyncio.run(info_fields(node))
    except TargetError as error:
        raise UsageError(f"{node}: {error}") from None
    found = unmapped(fields)
    if as_json:
        tell({"target": node.target.name, "instance": node.instance, "fields": len(fields), "unmapped": dict(found)})
        return
    for name, value in found.items():
        click.echo(f"{name} {value:g}")
    click.echo(f"{len(found)} of {len(fields)} INFO fields are numbers without a metric", err=True)
