"""`kvmon check FILE`: every mistake of a configuration, with its line."""

from __future__ import annotations

from typing import Any

import click

from kvmon.cli.document import json_option, tell
from kvmon.cli.settings import Settings
from kvmon.errors import ConfigError, UsageError


@click.command("check")
@click.argument("file", required=False, envvar="KVMON_CONFIG")
@json_option
@click.pass_context
def command(ctx: click.Context, /, file: str | None, *, as_json: bool) -> None:
    """Check a configuration file (or the environment alone) and say what is wrong.

    Nothing is connected to. Exit code 0 when it can be used, 2 when not.
    """
    name = file or "the environment"
    try:
        config = Settings(file).load()
    except UsageError as error:
        if not as_json:
            raise
        tell({"file": name, "ok": False, "mistakes": _mistakes(error)})
        ctx.exit(2)
    count = len(config.targets)
    rules = sum(len(group.rules) for group in config.rules.groups)
    if as_json:
        tell({"file": name, "ok": True, "targets": count, "rules": rules, "mistakes": []})
        return
    also = f", {rules} rules" if rules else ""
    click.echo(f"{name}: good, {count} target{'' if count == 1 else 's'}{also}")


def _mistakes(error: UsageError) -> list[dict[str, Any]]:
    """Each with its place and what to do, where these are known."""
    from kvmon.config.mistakes import Mistakes

    found = error.errors if isinstance(error, Mistakes) else (error,)
    return [
        {"where": each.where, "message": each.message, "hint": each.hint}
        if isinstance(each, ConfigError)
        else {"where": "", "message": str(each), "hint": ""}
        for each in found
    ]
