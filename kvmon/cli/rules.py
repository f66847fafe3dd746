"""`kvmon rules`: checks and unit tests of Prometheus rule files, as promtool's."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import click

from kvmon.cli.document import json_option, tell
from kvmon.errors import UsageError
from kvmon.options import parse_duration

if TYPE_CHECKING:
    from kvmon.judge.rules.rulefile import Group

FAILED = 1
LINTED = 3
"""promtool's exit codes."""


def _seconds(_ctx: click.Context, _parameter: click.Parameter, value: str) -> float:
    try:
        return parse_duration(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


@click.group("rules")
def command() -> None:
    """Check Prometheus rule files, and run their unit tests: promtool's files, verdicts and exit codes."""


@command.command("check")
@click.argument("files", nargs=-1, metavar="FILE…")
@click.option(
    "--interval",
    callback=_seconds,
    metavar="DURATION",
    default="15s",
    show_default=True,
    help="Time between polls, for what is linted.",
)
@click.option(
    "--lint",
    type=click.Choice(["all", "duplicate-rules", "doubts", "none"]),
    default="all",
    show_default=True,
    help="What is legal and still pointed out: rules that are there twice; ranges shorter than four polls, and division by zero.",
)
@click.option("--lint-fatal", is_flag=True, help="Exit with 3 where something is pointed out.")
@json_option
@click.pass_context
def check(  # noqa: PLR0913 - as the command line has it
    ctx: click.Context, files: Sequence[str], *, interval: float, lint: str, lint_fatal: bool, as_json: bool
) -> None:
    """Check rule files; without any, what comes in.

    Exit codes: 0 all can be used, 1 a file cannot be used, 3 with --lint-fatal.
    """
    found: list[Checked] = []
    for file in files or ["-"]:
        name = "standard input" if file == "-" else file
        if not as_json:
            click.echo(f"Checking {name}")
        found.append(_checked(name, None if file == "-" else file, lint, interval))
        if not as_json:
            _say(found[-1])
    if as_json:
        tell([{"ok": not each.refused, **asdict(each)} for each in found])
    linted = lint_fatal and any(each.remarks for each in found)
    ctx.exit(FAILED if any(each.refused for each in found) else LINTED if linted else 0)


@dataclass(frozen=True, slots=True)
class Checked:
    """A file of rules: how many, what is pointed out, and why it cannot be used (empty where it can)."""

    file: str
    rules: int = 0
    remarks: Sequence[str] = ()
    refused: str = ""


def _checked(name: str, path: str | None, lint: str, interval: float) -> Checked:
    from kvmon.judge.rules.document import Refused
    from kvmon.judge.rules.rulefile import read_file, read_rules

    try:
        groups = read_rules(name, sys.stdin.read()) if path is None else read_file(path)
    except Refused as error:
        return Checked(name, refused=str(error))
    return Checked(name, sum(len(group.rules) for group in groups), _remarks(groups, lint, interval))


def _say(checked: Checked) -> None:
    if checked.refused:
        click.echo("  FAILED:", err=True)
        click.echo(checked.refused, err=True)
    elif not checked.remarks:
        click.echo(f"  SUCCESS: {checked.rules} rules found\n")
    else:
        click.echo(f"  {checked.rules} rules found, and doubts:", err=True)
        for remark in checked.remarks:
            click.echo(f"    {remark}", err=True)
        click.echo("")


def _remarks(groups: Sequence[Group], lint: str, interval: float) -> list[str]:
    from kvmon.judge.promql.labels import text_of
    from kvmon.judge.rules.lint import doubts, duplicates

    remarks: list[str] = []
    if lint in ("all", "duplicate-rules"):
        repeated = duplicates(groups)
        remarks += [f"{name}{text_of(labels) if labels else ''} is there more than once" for name, labels in repeated]
    if lint in ("all", "doubts"):
        remarks += [str(doubt) for doubt in doubts(groups, interval=round(interval * 1000))]
    return remarks


@command.command("test")
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@click.option("--run", "wanted", multiple=True, metavar="REGEX", help="Only tests whose name matches.")
@json_option
@click.pass_context
def test(ctx: click.Context, files: Sequence[str], *, wanted: Sequence[str], as_json: bool) -> None:
    """Run unit tests of rules, in promtool's format.

    Exit codes: 0 all hold, 1 one does not, or a file cannot be used.
    """
    try:
        patterns = [re.compile(pattern) for pattern in wanted]
    except re.error as error:
        raise click.BadParameter(str(error), param_hint="--run") from None
    found: dict[str, list[str]] = {}
    for file in files:
        if not as_json:
            click.echo(f"Unit Testing:  {file}")
        problems = found[file] = _tested(file, patterns)
        if as_json:
            continue
        if problems:
            click.echo("  FAILED:", err=True)
            click.echo("\n".join(problems) + "\n", err=True)
        else:
            click.echo("  SUCCESS\n")
    if as_json:
        tell([{"file": file, "ok": not problems, "problems": problems} for file, problems in found.items()])
    ctx.exit(FAILED if any(found.values()) else 0)


def _tested(file: str, patterns: Sequence[re.Pattern[str]]) -> list[str]:
    from kvmon.judge.rules.rulefile import read_file
    from kvmon.judge.rules.unit.run import run_tests
    from kvmon.judge.rules.unit.testfile import read_tests

    def wanted(name: str) -> bool:
        return not patterns or any(pattern.search(name) for pattern in patterns)

    try:
        tests = read_tests(file)
        groups = [group for path in tests.rule_files for group in read_file(path)]
        return list(run_tests(tests, groups, wanted=wanted))
    except UsageError as error:
        return [str(error)]
