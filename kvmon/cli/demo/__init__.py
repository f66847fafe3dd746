"""`kvmon demo`: the daemon on an embedded Valkey primary and replica with a workload."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from kvmon.cli.demo.stage import Stage
from kvmon.cli.run import LEVELS, listen_option, reachable
from kvmon.cli.settings import Settings

if TYPE_CHECKING:
    from kvmon.config import Config

DEFAULTS = {
    "KVMON_INTERVAL": "2s",
    "KVMON_TIMEOUT": "1s",
    "KVMON_LOG__FORMAT": "console",
    **{f"KVMON_COLLECTORS__{name}__EVERY": "2s" for name in ("SLOWLOG", "COMMANDLOG", "LATENCY", "CLIENTS", "MEMORY")},
}
"""Livelier than a default daemon; the environment may say otherwise."""

FILE = "kvmon.yaml"


@click.command("demo")
@click.option("--listen", metavar="HOST:PORT", help="Where to serve HTTP; default: 127.0.0.1:9121.")
@click.option("--log-level", type=click.Choice(LEVELS), help="The least important level that is shown.")
@click.option(
    "--unless-configured", is_flag=True,
    help=f"Watch what the environment or ./{FILE} names, where one of them names something.",
)  # fmt: skip
@click.pass_context
def command(ctx: click.Context, /, listen: str | None, log_level: str | None, *, unless_configured: bool) -> None:
    """Start a Valkey primary and a replica, let a workload move every graph, and watch them.

    Everything is on this machine's loopback and is gone afterwards. Ctrl-C ends it.
    """
    from kvmon.daemon.start import run_daemon

    where = listen_option(listen)
    own = {"KVMON_LOG__LEVEL": log_level} if log_level else {}
    settings = _configured(own) if unless_configured else None
    if settings is not None:
        ctx.exit(run_daemon(settings.load, listen=where))
    with Stage() as stage:
        variables = {**stage.variables, **own}
        click.echo(f"kvmon demo: a Valkey primary ({stage.primary}) and a replica ({stage.replica}) with a workload", err=True)
        shown = where or os.environ.get("KVMON_LISTEN") or "127.0.0.1:9121"
        click.echo(f"kvmon demo: open http://{reachable(shown)}/ - Ctrl-C ends it", err=True)

        def load() -> Config:
            from kvmon.config import load as load_config

            return load_config(None, {**DEFAULTS, **_scalars(), **variables})

        code = run_daemon(load, listen=where)
    ctx.exit(code)


def _configured(own: dict[str, str]) -> Settings | None:
    """What to run when something is configured: the file that KVMON_CONFIG names, or the one here, or the environment."""
    from kvmon.config.environment.targets import configured

    file = os.environ.get("KVMON_CONFIG") or (FILE if Path(FILE).is_file() else None)
    if file is None and not configured(os.environ):
        return None
    return Settings(file, own, {"KVMON_LOG__LEVEL": "--log-level"} if own else {})


def _scalars() -> dict[str, str]:
    """What the environment says about the daemon; its targets do not belong to the demo."""
    return {name: value for name, value in os.environ.items() if name.startswith("KVMON_") and name != "KVMON_TARGETS"}
