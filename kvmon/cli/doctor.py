"""`kvmon doctor`: what is wrong with a backend, and what to do."""

from __future__ import annotations

import asyncio
import json
import logging
import shutil
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from kvmon.cli.settings import Settings, config_option

if TYPE_CHECKING:
    from kvmon.diagnose.doctor import Examination, Finding
    from kvmon.model.targets.target import Node
    from kvmon.watch.collectors import Collectors

MARKS = {"ok": ("✓", "green"), "warn": ("!", "yellow"), "fail": ("✗", "red"), "skip": ("-", None)}
INDENT = 19


@click.command("doctor")
@config_option
@click.argument("target", required=False)
@click.option("--audit", "audited", is_flag=True, help="Also check best practices, and say what to change and why.")
@click.option("--write", is_flag=True, help="Also set a small key that expires, even where no probe of the target does.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document, for programs.")
@click.pass_context
def command(ctx: click.Context, /, file: str | None, target: str | None, **given: bool) -> None:
    """Walk to a backend step by step, look at it, and say what to do about what is wrong.

    TARGET is a configured name or a URL; without one every configured target is examined. Exit code 1 when a step failed (✗);
    a warning (!) is no failure.
    """
    patients = _patients(target, Settings(file))
    with _silent():
        examinations = asyncio.run(_examine(patients, **given))
    if given["as_json"]:
        click.echo(json.dumps([_document(found) for found in examinations], indent=2, ensure_ascii=False))
    ctx.exit(1 if any(found.failed for found in examinations) else 0)


@contextmanager
def _silent() -> Iterator[None]:
    """What parts of the daemon log is said by findings here."""
    import structlog

    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    try:
        yield
    finally:
        structlog.configure(**before)


def _patients(word: str | None, settings: Settings) -> list[tuple[Node, Collectors]]:
    from kvmon.cli.nodes import nodes_of

    if word is not None:
        return nodes_of(word, settings)
    config = settings.load()
    return [(node, config.collectors_of(target)) for target in config.targets for node in target.nodes]


async def _examine(patients: list[tuple[Node, Collectors]], *, audited: bool, write: bool, as_json: bool) -> list[Examination]:
    from kvmon.diagnose.doctor import examine

    examinations = []
    for node, collectors in patients:
        if not as_json:
            click.secho(f"{node.target.name}  {node.address}  {node.target.provider.title}", bold=True)
        tell = (lambda _: None) if as_json else _show
        examinations.append(found := await examine(node, collectors, write=write, audited=audited, tell=tell))
        if not as_json and found.missed:
            click.secho(f"  - not reached: {', '.join(found.missed)}", dim=True)
    return examinations


def _show(finding: Finding) -> None:
    mark, colour = MARKS[finding.status]
    took = f" ({finding.seconds * 1000:.1f} ms)" if finding.seconds is not None else ""
    width = max(60, min(shutil.get_terminal_size((110, 40)).columns, 110))
    lines = textwrap.wrap(finding.text + took, width - INDENT) or [""]
    click.echo(f"  {click.style(mark, fg=colour)} {finding.step:<14} {lines[0]}")
    if finding.fix:
        lines += textwrap.wrap(f"→ {finding.fix}", width - INDENT, subsequent_indent="  ")
    for line in lines[1:]:
        click.echo(f"{'':<{INDENT}}{line}")


def _document(found: Examination) -> dict[str, Any]:
    return {
        "target": found.node.target.name,
        "instance": found.node.instance,
        "provider": found.node.target.provider.name,
        "ok": not found.failed,
        "findings": [asdict(finding) for finding in found.findings],
        "missed": list(found.missed),
    }
