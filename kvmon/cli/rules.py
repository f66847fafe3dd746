"""`kvmon rules`: checks and unit tests of Prometheus rule files, as promtool's."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from kvmon.errors import UsageError
from kvmon.options import parse_duration

if TYPE_CHECKING:
    from kvmon.judge.rules.rulefile import Group

FAILED = 1
LINTED = 3
"""promtool's exit codes."""


class _Poll(click.ParamType[float]):
    name = "duration"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        try:
            return parse_duration(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


@click.group("rules")
def command() -> None:
    """Check Prometheus rule files, and run their unit tests: promtool's files, verdicts and exit codes."""


@command.command("check")
@click.argument("files", nargs=-1, metavar="FILE…")
@click.option("--interval", type=_Poll(), default="15s", show_default=True, help="Time between polls, for what is linted.")
@click.option(
    "--lint",
    type=click.Choice(["all", "duplicate-rules", "doubts", "none"]),
    default="all",
    show_default=True,
    help="What is legal and still pointed out: rules that are there twice; ranges shorter than four polls, and division by zero.",
)
@click.option("--lint-fatal", is_flag=True, help="Exit with 3 where something is pointed out.")
@click.pass_context
def check(ctx: click.Context, files: Sequence[str], *, interval: float, lint: str, lint_fatal: bool) -> None:
    """Check rule files; without any, what comes in.

    Exit codes: 0 all can be used, 1 a file cannot be used, 3 with --lint-fatal.
    """
    from kvmon.judge.rules.document import Refused
    from kvmon.judge.rules.rulefile import read_file, read_rules

    code = 0
    for file in files or ["-"]:
        name = "standard input" if file == "-" else file
        click.echo(f"Checking {name}")
        try:
            groups = read_rules(name, sys.stdin.read()) if file == "-" else read_file(file)
        except Refused as error:
            click.echo("  FAILED:", err=True)
            click.echo(str(error), err=True)
            code = FAILED
            continue
        remarks = _remarks(groups, lint, interval)
        count = sum(len(group.rules) for group in groups)
        if not remarks:
            click.echo(f"  SUCCESS: {count} rules found\n")
            continue
        click.echo(f"  {count} rules found, and doubts:", err=True)
        for remark in remarks:
            click.echo(f"    {remark}", err=True)
        click.echo("")
        code = code or (LINTED if lint_fatal else 0)
    ctx.exit(code)


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
@click.pass_context
def test(ctx: click.Context, files: Sequence[str], *, wanted: Sequence[str]) -> None:
    """Run unit tests of rules, in promtool's format.

    Exit codes: 0 all hold, 1 one does not, or a file cannot be used.
    """
    try:
        patterns = [re.compile(pattern) for pattern in wanted]
    except re.error as error:
        raise click.BadParameter(str(error), param_hint="--run") from None
    failed = False
    for file in files:
        click.echo(f"Unit Testing:  {file}")
        problems = _tested(file, patterns)
        failed = failed or bool(problems)
        if problems:
            click.echo("  FAILED:", err=True)
            click.echo("\n".join(problems) + "\n", err=True)
        else:
            click.echo("  SUCCESS\n")
    ctx.exit(FAILED if failed else 0)


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
