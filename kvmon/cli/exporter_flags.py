"""redis_exporter's flags, taken by `kvmon run` so that a command line can stay as it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import click

from kvmon.config.environment.exporter_settings import SETTINGS, Setting

F = TypeVar("F", bound=Callable[..., Any])

FLAGS = frozenset(setting.flag for setting in SETTINGS)

OURS = ("log-level", "log-format")
"""Flags of the same name that `kvmon run` declares itself."""


class GoFlags(click.Command):
    """A command that also takes redis_exporter's flags with one dash, as programs in Go do."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Give them their second dash."""
        return super().parse_args(ctx, [f"-{word}" if _has_one_dash(word) else word for word in args])


def _has_one_dash(word: str) -> bool:
    return word[:1] == "-" and word[1:].partition("=")[0] in FLAGS


def exporter_options(function: F) -> F:
    """Declare all of them; those that have no meaning here are hidden, and refused when they are used."""
    for setting in reversed(SETTINGS):
        if setting.flag not in OURS:
            function = _option(setting)(function)
    return function


def _option(setting: Setting) -> Callable[[F], F]:
    name = parameter(setting)
    extra: dict[str, Any] = {"hidden": bool(setting.instead), "default": None}
    if setting.boolean:
        # Go's flags: `--debug`, `--debug=true`, `--debug=false`.
        extra |= {"is_flag": False, "flag_value": "true"}
    return click.option(f"--{setting.flag}", name, help=f"redis_exporter: {setting.help}.", metavar="VALUE", **extra)


def parameter(setting: Setting) -> str:
    """The name of its parameter."""
    return "exporter_" + setting.flag.replace(".", "_").replace("-", "_")


def overlay(values: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, str]]:
    """Variables that the given flags stand for, and the flag of each. Raises click.UsageError for what is not done here."""
    variables: dict[str, str] = {}
    flags: dict[str, str] = {}
    for setting in SETTINGS:
        value = values.get(parameter(setting))
        if value is None:
            continue
        if setting.instead and str(value).lower() not in [word.lower() for word in setting.harmless]:
            raise click.UsageError(f"--{setting.flag} of redis_exporter is not supported: {setting.instead}")
        variables[setting.variable] = str(value)
        flags[setting.variable] = f"--{setting.flag}"
    return variables, flags
