"""Options that several commands share, and what they do to the environment that the configuration is read from."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from kvmon.config import Config

F = TypeVar("F", bound=Callable[..., Any])


def config_option(function: F) -> F:
    """`--config FILE`."""
    option = click.option(
        "--config", "file", metavar="FILE", envvar="KVMON_CONFIG", show_envvar=True,
        help="Configuration file (YAML); without one, the environment says what to watch.",
    )  # fmt: skip
    return option(function)


@dataclass(frozen=True, slots=True)
class Settings:
    """What the configuration is read from: a file or none, and variables, some of which were set by flags."""

    file: str | None = None
    variables: Mapping[str, str] | None = None
    flags: Mapping[str, str] | None = None

    def load(self) -> Config:
        """Read it, now and at every reload. Raises UsageError."""
        from kvmon.config import load

        return load(self.file or None, {**os.environ, **(self.variables or {})}, flags=self.flags)
