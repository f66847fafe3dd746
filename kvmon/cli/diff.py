"""`kvmon diff`: proof for a migration from redis_exporter."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import click

from kvmon.cli.document import json_option, tell
from kvmon.cli.nodes import node_of
from kvmon.cli.settings import Settings, config_option
from kvmon.errors import UsageError

if TYPE_CHECKING:
    from kvmon.diagnose.diff import Report


@click.command("diff")
@config_option
@click.argument("exporter_url")
@click.argument("target")
@json_option
@click.pass_context
def command(ctx: click.Context, /, file: str | None, exporter_url: str, target: str, *, as_json: bool) -> None:
    """Poll TARGET (a configured name or a URL) and compare with what a redis_exporter at EXPORTER_URL says of it.

    Values that change while we look are counted as moving. Exit code 1 when the exporter has series that kvmon has not.
    """
    from kvmon.diagnose.diff import compare, fetch, series_of
    from kvmon.diagnose.once import poll_once

    node, collectors = node_of(target, Settings(file))
    before = fetch(exporter_url)
    snapshot = asyncio.run(poll_once(node, collectors))
    if snapshot.failure is not None:
        raise UsageError(f"{node}: {snapshot.failure.message}")
    report = compare(before, series_of(snapshot.samples), fetch(exporter_url))
    for failure in snapshot.failures:
        click.echo(f"collector {failure.collector}: {failure.message}", err=True)
    if as_json:
        tell(_document(report))
    else:
        _print(report)
    ctx.exit(0 if report.good else 1)


def _document(report: Report) -> dict[str, Any]:
    return {
        "good": report.good,
        "equal": len(report.equal),
        "moving": [str(series) for series in report.moved],
        "different": [
            {"series": str(series), "redis_exporter": theirs, "kvmon": ours}
            for series, (theirs, ours) in report.different.items()
        ],
        "explained": {str(series): reason for series, reason in report.explained.items()},
        "relabelled": {str(series): str(other) for series, other in report.relabelled.items()},
        "missing": [str(series) for series in report.missing],
        "added": [str(series) for series in report.added],
    }


def _print(report: Report) -> None:
    for series in report.missing:
        click.echo(f"missing    {series}")
    for series, other in report.relabelled.items():
        click.echo(f"labels     {series}: in kvmon {other}")
    for series, (theirs, ours) in report.different.items():
        click.echo(f"different  {series}: redis_exporter {theirs:g}, kvmon {ours:g}")
    for reason in dict.fromkeys(report.explained.values()):
        names = sorted({series.name for series, why in report.explained.items() if why == reason})
        click.echo(f"explained  {', '.join(names)}: {reason}")
    counts = {
        "equal": report.equal, "moving": report.moved, "different": report.different, "explained": report.explained,
        "with other labels": report.relabelled, "missing": report.missing, "more in kvmon": report.added,
    }  # fmt: skip
    click.echo(", ".join(f"{len(series)} {word}" for word, series in counts.items()))
