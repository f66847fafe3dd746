"""`kvmon why`: why a target fails, or failed last."""

from __future__ import annotations

from dataclasses import asdict
from urllib.parse import quote

import click

from kvmon.cli.daemon import ask, url_option
from kvmon.cli.document import json_option, tell


@click.command("why")
@click.argument("target")
@url_option
@json_option
@click.pass_context
def command(ctx: click.Context, /, target: str, url: str, *, as_json: bool) -> None:
    """Ask a running daemon why TARGET fails, or failed last: a sentence, the evidence, what happened, what to do.

    Exit code 1 when it fails now.
    """
    from kvmon.diagnose.why import explain

    breakers = ask(url, f"/v1/breakers/{quote(target)}")["breakers"]
    told = ask(url, f"/v1/incidents?target={quote(target)}&limit=1")
    why = explain(target, breakers, told["incidents"], told["events"])
    if as_json:
        tell({"target": target, **asdict(why)})
        ctx.exit(0 if why.good else 1)
    click.echo(why.sentence)
    for title, lines in (
        ("Evidence", why.evidence),
        ("What happened", why.story),
        ("What to do", [why.todo] if why.todo else []),
    ):
        if lines:
            click.echo(f"\n{title}:")
            for line in lines:
                click.echo(f"  {line}")
    ctx.exit(0 if why.good else 1)
