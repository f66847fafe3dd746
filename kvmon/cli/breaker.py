"""`kvmon breaker`: what the breakers of a running daemon say."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import click

from kvmon.cli.daemon import ask, follow, url_option
from kvmon.cli.document import json_option, tell
from kvmon.cli.table import table

HEAD = ("target", "op", "shard", "state", "advice", "reason", "since", "mode")


@click.command("breaker")
@click.argument("target", required=False)
@click.option("--watch", is_flag=True, help="Go on and print every change, until interrupted.")
@click.option("--would-have", "history", is_flag=True, help="What they would have denied, as far as the journal goes back.")
@json_option
@url_option
@click.pass_context
def command(  # noqa: PLR0913 - as the command line has it
    ctx: click.Context, /, target: str | None, *, watch: bool, history: bool, as_json: bool, url: str
) -> None:
    """Print the breakers of TARGET, or of all targets: whether their ops may be tried now.

    Exit code 1 when one denies. With --watch the first lines are what holds now, each further one is a change;
    with --json each is a document on a line of its own.
    """
    if watch:
        _watch(url, target, as_json=as_json)
        return
    if history:
        _history(url, target, as_json=as_json)
        return
    documents = ask(url, f"/v1/breakers/{quote(target)}" if target else "/v1/breakers")["breakers"]
    if as_json:
        tell({"breakers": documents})
    else:
        table([HEAD, *(_row(each) for each in documents)])
    ctx.exit(1 if any(each["advice"] == "deny" for each in documents) else 0)


def _history(url: str, target: str | None, *, as_json: bool) -> None:
    from kvmon.diagnose.would_have import would_have

    events = ask(url, f"/v1/incidents?limit=1&events=10000{f'&target={quote(target)}' if target else ''}")["events"]
    found = would_have(reversed(events), datetime.now(UTC))
    if as_json:
        tell({"since": events[-1]["at"] if events else None, "denied": [asdict(each) for each in found]})
        return
    if not found:
        since = f" since {events[-1]['at']}" if events else ""
        click.echo(f"They would have denied nothing{since}.")
        return
    rows = [("target", "op", "openings", "denied", "longest", "reasons")]
    for each in found:
        spans = (f"{each.seconds:.1f} s", f"{each.longest:.1f} s")
        rows.append((each.target, each.subject, str(each.openings), *spans, ", ".join(each.reasons)))
    table(rows)


def _watch(url: str, target: str | None, *, as_json: bool) -> None:
    for name, data in follow(url, "/v1/events"):
        documents = data["breakers"] if name == "snapshot" else [data["breaker"]] if name == "change" else []
        for each in documents:
            if target in (None, each["target"]):
                click.echo(json.dumps(each) if as_json else "  ".join(cell for cell in _row(each) if cell))


def _row(document: dict[str, Any]) -> tuple[str, ...]:
    override = document.get("override")
    mode = f"{document['mode']} until {override['until']} by {override['by']}: {override['reason']}" if override else ""
    advice = document["advice"] if document["advice"] != "limit" else f"limit {document['permit_ratio']:g}"
    return (
        document["target"], document["op"], document["shard"][:12], document["state"], advice, document["reason_class"] or "",
        document["since"] or "", mode or (document["mode"] if document["mode"] != "auto" else ""),
    )  # fmt: skip
