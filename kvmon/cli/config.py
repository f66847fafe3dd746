"""`kvmon config`: the effective configuration."""

from __future__ import annotations

import click

from kvmon.cli.document import json_option, tell
from kvmon.cli.settings import Settings, config_option


@click.command("config")
@config_option
@json_option
def command(file: str | None, *, as_json: bool) -> None:
    """Print the configuration as it takes effect, from file and environment, without secrets."""
    from kvmon.config.dump import dump

    text = dump(Settings(file).load())
    if as_json:
        import yaml

        tell(yaml.safe_load(text))
    else:
        click.echo(text, nl=False)
