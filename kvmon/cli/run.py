"""`kvmon run`: the daemon."""

from __future__ import annotations

from typing import Any

import click

from kvmon.cli.exporter_flags import GoFlags, exporter_options, overlay
from kvmon.cli.settings import Settings, config_option
from kvmon.config.urls import read_listen

LEVELS = ("debug", "info", "warning", "error")
FORMATS = ("json", "console", "txt")


def listen_option(value: str | None) -> str | None:
    """`--listen` as host:port; raises click.BadParameter."""
    if value is None:
        return None
    try:
        return read_listen(value)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--listen") from None


def reachable(listen: str) -> str:
    """The host and port to open in a browser here."""
    host, _, port = listen.rpartition(":")
    return f"127.0.0.1:{port}" if host in ("", "0.0.0.0", "[::]") else listen  # noqa: S104 - a comparison


@click.command("run", cls=GoFlags)
@config_option
@click.option("--listen", metavar="HOST:PORT", help="Where to serve HTTP; default: 127.0.0.1:9121.")
@click.option("--log-level", metavar="LEVEL", help="debug, info (default), warning or error.")
@click.option("--log-format", type=click.Choice(FORMATS), help="json (default), or console for reading.")
@exporter_options
@click.pass_context
def command(
    ctx: click.Context, /, file: str | None, listen: str | None, log_level: str | None, log_format: str | None, **exporter: Any
) -> None:
    """Run the daemon until SIGTERM or SIGINT; SIGHUP reads the configuration again.

    Without a file the environment says what to watch: REDIS_URL, REDIS_HOST, AZURE_REDIS_HOST, AZURE_MANAGED_REDIS_HOST,
    VALKEY_ENDPOINTS, KVMON_TARGETS; or REDIS_ADDR, and then the series are as redis_exporter's.
    """
    variables, flags = overlay(exporter)
    if file and "REDIS_ADDR" in flags:
        raise click.UsageError("--config and --redis.addr both say what to watch: keep one")
    for flag, variable, value in (
        ("--log-level", "KVMON_LOG__LEVEL", log_level and _level(log_level)),
        ("--log-format", "KVMON_LOG__FORMAT", "console" if log_format == "txt" else log_format),
    ):
        if value:
            variables[variable], flags[variable] = value, flag
    settings = Settings(file, variables, flags)

    from kvmon.daemon.start import run_daemon

    ctx.exit(run_daemon(settings.load, listen=listen_option(listen)))


def _level(word: str) -> str:
    lowered = {"warn": "warning", "trace": "debug"}.get(word.lower(), word.lower())
    if lowered not in LEVELS:
        raise click.BadParameter(f"{word!r} is no level: use one of {', '.join(LEVELS)}", param_hint="--log-level")
    return lowered
