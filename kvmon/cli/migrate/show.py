"""The report of `kvmon migrate` for people."""

from __future__ import annotations

from typing import Any

import click

WORDS = {
    "missing": "missing in the destination",
    "extra": "only in the destination",
    "type": "of another type",
    "value": "with another value",
    "groups": "with other groups of a stream",
    "ttl": "expiring at another time",
}


def show(document: dict[str, Any]) -> None:
    """Print it."""
    state = "" if document["complete"] else f" (partial: {document['progress']:.0%})"
    click.echo(f"{document['source']} → {document['destination']}{state}")
    sampled = f", one of {document['one_of']}" if document["one_of"] > 1 else ""
    click.echo(
        f"{document['compared']:,} keys were compared{sampled}, {document['commands']:,} commands in {document['seconds']:.1f} s"
    )
    for kind, count in document["differences"].items():
        if count:
            click.echo(f"\n{count:,} {WORDS[kind]} ({document['ratios'][kind]:.3%}):")
            for name in document["examples"].get(kind, []):
                click.echo(f"  {name}")
    if document["partial"]:
        click.echo(f"\n{document['partial']:,} are large: their sizes and some elements were compared")
    if document["moving"]:
        click.echo(f"{document['moving']:,} changed on both sides at every look")
    if document["unread"]:
        click.echo(f"{document['unread']:,} could not be read: on their way between shards, or too large", err=True)
    for failure in document["failures"]:
        click.echo(failure, err=True)
    if document["same"]:
        click.echo("\nno difference")
