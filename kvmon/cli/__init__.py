"""The command line: one file a command, imported when it is used."""

from __future__ import annotations

import sys

import click

from kvmon.cli.commands import Commands
from kvmon.cli.terminal import colourless, prepare
from kvmon.errors import UsageError


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(package_name="kvmon", message="kvmon %(version)s")
def kvmon() -> None:
    """Watch Redis and Valkey: metrics for Prometheus, and answers about their health.

    Exit codes: 0 all is well, 1 a check found something, 2 the command line or the configuration is wrong.
    """


def main() -> None:
    """Run the command that the arguments name, and exit; a mistake of the user is a message and exit code 2."""
    prepare()
    try:
        # Without its standalone mode click returns what a command gave to ctx.exit.
        code = kvmon.main(prog_name="kvmon", standalone_mode=False, color=False if colourless() else None)
        sys.exit(code if isinstance(code, int) else 0)
    except click.Abort:
        sys.exit(130)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        sys.exit(2)
    except click.UsageError as error:
        where = error.ctx.command_path if error.ctx is not None else "kvmon"
        click.echo(f"{where}: {error.format_message().rstrip('.')}; see {where} -h", err=True)
        sys.exit(2)
    except click.ClickException as error:
        click.echo(error.format_message(), err=True)
        sys.exit(2)
    except UsageError as error:
        click.echo(str(error), err=True)
        sys.exit(2)
