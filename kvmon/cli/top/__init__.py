"""`kvmon top`: all targets of a running daemon, live."""

from __future__ import annotations

import json
import sys
from contextlib import suppress
from time import time
from typing import TYPE_CHECKING

import click

from kvmon.cli.daemon import url_option
from kvmon.cli.table import table
from kvmon.cli.terminal import dumb

if TYPE_CHECKING:
    from kvmon.cli.top.source import Frame

# Kept here and not taken from rows, so that the help costs no imports.
ORDERS = ("trouble", "name", "commands", "memory", "full", "hits", "clients", "alerts")


@click.command("top")
@click.argument("target", required=False)
@click.option("--sort", "order", type=click.Choice(ORDERS), default="trouble", show_default=True, help="The column to sort by.")
@click.option("--interval", type=click.FloatRange(0.2, 3600), default=2.0, show_default=True, metavar="SECONDS",
              help="Time between looks; what becomes ill is shown at once.")  # fmt: skip
@click.option("--once", is_flag=True, help="Print a table and end, as is done where the output is no terminal.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document, for programs, and end.")
@url_option
@click.pass_context
def command(  # noqa: PLR0913 - as the command line has it
    ctx: click.Context, /, target: str | None, *, order: str, interval: float, once: bool, as_json: bool, url: str
) -> None:
    """Watch the targets of a running daemon: the worst first, since when and why. Enter looks into one; ? tells the keys.

    With a TARGET it begins with that one. Ctrl-C or q ends it. Exit code with --once or --json: 1 when a target is down.
    """
    from kvmon.cli.top.source import read

    if not (once or as_json) and sys.stdout.isatty() and sys.stdin.isatty() and not dumb():
        from kvmon.cli.top.screen import run

        read(url, target)  # what is wrong from the start is said on a screen that stays
        run(url, target, order, interval)
        return
    frame = read(url, target)
    if as_json:
        click.echo(json.dumps(frame.detail if target else frame.documents, indent=2, ensure_ascii=False))
    else:
        with suppress(BrokenPipeError):
            _print(frame, order)
    ill = any(row.status == "down" for row in frame.rows if target in (None, row.name))
    ctx.exit(1 if ill else 0)


def _print(frame: Frame, order: str) -> None:
    from kvmon.cli.top.detail import detail
    from kvmon.cli.top.fleet import lines_of
    from kvmon.cli.top.glyphs import Canvas, glyphs_of
    from kvmon.cli.top.rows import ordered

    if frame.detail is None:
        table(lines_of(ordered(frame.rows, order), time()))
        return
    for line in detail(frame.detail, Canvas(1000, 1, glyphs_of(sys.stdout.encoding), time())):
        click.echo(line.plain.rstrip())
