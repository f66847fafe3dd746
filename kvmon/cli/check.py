"""`kvmon check FILE`: every mistake of a configuration, with its line."""

from __future__ import annotations

import click

from kvmon.cli.settings import Settings


@click.command("check")
@click.argument("file", required=False, envvar="KVMON_CONFIG")
def command(file: str | None) -> None:
    """Check a configuration file (or the environment alone) and say what is wrong.

    Nothing is connected to. Exit code 0 when it can be used, 2 when not.
    """
    config = Settings(file).load()
    count = len(config.targets)
    rules = sum(len(group.rules) for group in config.rules.groups)
    also = f", {rules} rules" if rules else ""
    click.echo(f"{file or 'the environment'}: good, {count} target{'' if count == 1 else 's'}{also}")
