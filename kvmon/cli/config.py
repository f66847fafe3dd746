"""`kvmon config`: the effective configuration."""

from __future__ import annotations

import click

from kvmon.cli.settings import Settings, config_option


@click.command("config")
@config_option
def command(file: str | None) -> None:
    """Print the configuration as it takes effect, from file and environment, without secrets."""
    from kvmon.config.dump import dump

    click.echo(dump(Settings(file).load()), nl=False)
