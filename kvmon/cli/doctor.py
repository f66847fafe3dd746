"""`kvmon doctor`: what is wrong with a backend, and what to do."""

from __future__ import annotations

import asyncio
import json
import shutil
import textwrap
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from kvmon.cli.document import json_option
from kvmon.cli.settings import Settings, config_option
from kvmon.cli.silence import silent

if TYPE_CHECKING:
    from kvmon.diagnose.doctor import Examination, Finding
    from kvmon.model.snapshot import Snapshot
    from kvmon.model.targets.target import Node, Target
    from kvmon.watch.collectors import Collectors

MARKS = {"ok": ("✓", "green"), "warn": ("!", "yellow"), "fail": ("✗", "red"), "skip": ("-", None)}
INDENT = 19


@click.command("doctor")
@config_option
@click.argument("target", required=False)
@click.option("--audit", "audited", is_flag=True, help="Also check best practices, and say what to change and why.")
@click.option("--write", is_flag=True, help="Also set a small key that expires, even where no probe of the target does.")
@json_option
@click.pass_context
def command(ctx: click.Context, /, file: str | None, target: str | None, **given: bool) -> None:
    """Walk to a backend step by step, look at it, and say what to do about what is wrong.

    TARGET is a configured name or a URL; without one every configured target is examined, with all nodes that belong to it.
    Exit code 1 when a step failed (✗);
    a warning (!) is no failure.
    """
    screen = Screen(quiet=given["as_json"])
    with silent():
        examinations = asyncio.run(_examine(_patients(target, Settings(file)), screen, given["audited"], given["write"]))
    if given["as_json"]:
        click.echo(json.dumps([_document(found) for found in examinations], indent=2, ensure_ascii=False))
    ctx.exit(1 if any(found.failed for found in examinations) else 0)


def _patients(word: str | None, settings: Settings) -> list[tuple[Target, Collectors]]:
    from kvmon.cli.nodes import node_of

    if word is not None:
        node, collectors = node_of(word, settings)
        return [(node.target, collectors)]
    config = settings.load()
    return [(target, config.collectors_of(target)) for target in config.targets]


async def _examine(
    patients: list[tuple[Target, Collectors]],
    screen: Screen,
    audited: bool,  # noqa: FBT001 - as the command line has it
    write: bool,  # noqa: FBT001 - same
) -> list[Examination]:
    from kvmon.clock import SystemClock
    from kvmon.daemon.surroundings import every_node
    from kvmon.diagnose.doctor import examine

    examinations = []
    for target, collectors in patients:

        async def look(node: Node, target: Target = target, collectors: Collectors = collectors) -> Snapshot | None:
            screen.begin(node, found=node.address not in target.addresses)
            examination = await examine(node, collectors, write=write, audited=audited, tell=screen.show)
            screen.end(examination)
            examinations.append(examination)
            return examination.snapshot

        await every_node(target, look, clock=SystemClock())
    return examinations


class Screen:
    """Shows findings as they come; of a node that was found by itself only what is not good, in brief."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._brief = False
        self._width = max(60, min(shutil.get_terminal_size((110, 40)).columns, 110)) - INDENT

    def begin(self, node: Node, *, found: bool) -> None:
        """A node is next."""
        self._brief = found
        if not self._quiet:
            more = "found" if found else node.target.provider.title
            click.secho(f"{node.target.name}  {node.address}  {more}", bold=True)

    def show(self, finding: Finding) -> None:
        """A finding about it."""
        if self._quiet or (self._brief and finding.status in ("ok", "skip")):
            return
        mark, colour = MARKS[finding.status]
        took = f" ({finding.seconds * 1000:.1f} ms)" if finding.seconds is not None else ""
        lines = textwrap.wrap(finding.text + took, self._width) or [""]
        click.echo(f"  {click.style(mark, fg=colour)} {finding.step:<14} {lines[0]}")
        if finding.fix and not (self._brief and finding.status == "warn"):
            lines += textwrap.wrap(f"→ {finding.fix}", self._width, subsequent_indent="  ")
        for line in lines[1:]:
            click.echo(f"{'':<{INDENT}}{line}")

    def end(self, examination: Examination) -> None:
        """That was all about it."""
        if self._quiet:
            return
        if examination.missed:
            click.secho(f"  - not reached: {', '.join(examination.missed)}", dim=True)
        good = sum(finding.status == "ok" for finding in examination.findings)
        if self._brief and not examination.missed:
            click.echo(f"  {click.style('✓', fg='green')} {good} steps are good")


def _document(found: Examination) -> dict[str, Any]:
    return {
        "target": found.node.target.name,
        "instance": found.node.instance,
        "provider": found.node.target.provider.name,
        "ok": not found.failed,
        "findings": [asdict(finding) for finding in found.findings],
        "missed": list(found.missed),
    }
