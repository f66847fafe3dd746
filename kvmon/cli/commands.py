"""The list of commands; a module is imported only when its command runs, so that `kvmon run` starts light."""

from __future__ import annotations

import importlib

import click

COMMANDS = {
    "run": ("kvmon.cli.run", "Run the daemon."),
    "demo": ("kvmon.cli.demo", "Run it on an embedded Valkey with a workload: nothing else is needed."),
    "check": ("kvmon.cli.check", "Check a configuration file; every mistake with its line."),
    "config": ("kvmon.cli.config", "Print the effective configuration, without secrets."),
    "doctor": ("kvmon.cli.doctor", "Walk to a backend step by step, and say what to do about what is wrong."),
    "top": ("kvmon.cli.top", "Watch all targets of a running daemon in the terminal, by trouble, and look into one."),
    "keys": ("kvmon.cli.keys", "Go through a key space: what takes how much memory, what never expires, what is biggest."),
    "migrate": ("kvmon.cli.migrate", "Compare two backends key by key: whether the one has what the other has."),
    "acl": ("kvmon.cli.acl", "Print the ACL line of a user who may do what kvmon asks, and nothing else."),
    "rules": ("kvmon.cli.rules", "Check Prometheus rule files, and run their unit tests."),
    "breaker": ("kvmon.cli.breaker", "Print what the breakers of a running daemon say, now or as they change."),
    "why": ("kvmon.cli.why", "Say why a target fails, or failed last, and what to do about it."),
    "metrics": ("kvmon.cli.metrics", "Print the catalogue of metrics."),
    "diff": ("kvmon.cli.diff", "Compare with a running redis_exporter, series by series."),
}
"""The module of each command, which has it as `command`, and one line about it."""


class Commands(click.Group):
    """The group that knows its commands by name only."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All of them, in the order of COMMANDS."""
        del ctx
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command; None if there is none of this name."""
        del ctx
        found = COMMANDS.get(cmd_name)
        if found is None:
            return None
        command = importlib.import_module(found[0]).command
        assert isinstance(command, click.Command)  # noqa: S101 - a module that breaks the rule is our bug
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Their lines in the help, without importing them."""
        del ctx
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with the nearest command in the message for an unknown one."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError:
            import difflib

            close = difflib.get_close_matches(args[0], COMMANDS, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(COMMANDS)}"
            raise click.UsageError(f"no such command {args[0]!r} ({hint})", ctx) from None
