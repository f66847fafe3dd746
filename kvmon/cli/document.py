"""What commands tell as JSON, for programs."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])


def json_option(function: F) -> F:
    """`--json`."""
    return click.option("--json", "as_json", is_flag=True, help="One JSON document, for programs.")(function)


def tell(document: Any) -> None:
    """Print it."""
    click.echo(json.dumps(document, indent=2, ensure_ascii=False))
