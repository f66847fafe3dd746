"""`kvmon migrate`: whether a destination has what its source has."""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from kvmon.cli.document import json_option
from kvmon.cli.settings import Settings, config_option


@click.command("migrate")
@config_option
@click.argument("source")
@click.argument("destination")
@click.option("--sample", "halvings", type=click.IntRange(1), metavar="N",
              help="Compare one key of N (rounded to a power of two); default: every key.")  # fmt: skip
@click.option("--pattern", metavar="GLOB", help="Keys of a pattern only, as SCAN has it.")
@click.option("--db", type=click.IntRange(0), metavar="N", help="One database only.")
@click.option("--ops", default=2000.0, show_default=True, type=click.FloatRange(1), help="Commands a second and node, at most.")
@click.option("--server-time", "share", default=0.1, show_default=True, type=click.FloatRange(0.001, 1),
              help="Share of a server's time, at most.")  # fmt: skip
@click.option("--ttl-tolerance", "tolerance", default=5.0, show_default=True, type=click.FloatRange(0), metavar="SECONDS",
              help="How far times to live may be apart.")  # fmt: skip
@click.option("--settle", default=1.0, show_default=True, type=click.FloatRange(0), metavar="SECONDS",
              help="How long a difference is given to go away: it was seen while something was on its way.")  # fmt: skip
@click.option("--one-way", is_flag=True, help="Do not look for keys that only DESTINATION has.")
@click.option("--replicas", is_flag=True, help="Ask replicas where there are any in step.")
@click.option("--state", "state", type=click.Path(dir_okay=False), metavar="FILE",
              help="Where progress is kept, and gone on from when it was stopped.")  # fmt: skip
@json_option
@click.pass_context
def command(ctx: click.Context, /, file: str | None, source: str, destination: str, **given: Any) -> None:
    """Compare SOURCE with DESTINATION key by key: missing keys, other types, values and times to live.

    Each is a configured name or a URL; one may be a cluster and the other not. Small values are compared whole, of large ones the
    size and some elements. Ctrl-C ends it with what was found by then. Exit code 1 when something differs or could not be read.
    """
    from kvmon.cli.migrate.run import Run
    from kvmon.cli.migrate.show import show
    from kvmon.cli.nodes import node_of
    from kvmon.cli.silence import silent

    sides = [node_of(word, Settings(file)) for word in (source, destination)]
    run = Run(sides, (source, destination), given, Path(given["state"]) if given["state"] else None)
    interrupted = False
    with silent():
        try:
            asyncio.run(run.run(bar=sys.stderr.isatty() and not given["as_json"]))
        except KeyboardInterrupt:
            interrupted = True
    document = run.report()
    if given["as_json"]:
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        with suppress(BrokenPipeError):
            show(document)
    ctx.exit(130 if interrupted else 0 if document["same"] else 1)
