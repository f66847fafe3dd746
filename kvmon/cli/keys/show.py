"""The report of `kvmon keys` for people."""

from __future__ import annotations

from typing import Any

import click

from kvmon.cli.table import table

SHOWN = 40
"""Groups that are shown; JSON has all."""

_UNITS = ("B", "KiB", "MiB", "GiB", "TiB")


def show(document: dict[str, Any]) -> None:
    """Print it."""
    state = "" if document["complete"] else f" (partial: {document['progress']:.0%} of the keys were met)"
    click.echo(f"{document['target']}{state}")
    groups = document["groups"]
    rows = [_row(group["name"], group) for group in groups[:SHOWN]]
    if document["all"] is not None:
        rows.append(_row("all keys", document["all"]))
    if rows:
        click.echo("")
        table([("group", "keys", "memory", "expire", "without ttl", "elements", "types"), *rows], right=range(1, 6), optional=4)
    if len(groups) > SHOWN:
        click.echo(f"… and {len(groups) - SHOWN} more groups (--json has them)")
    if document["biggest"]:
        click.echo("\nbiggest of the keys that were looked at:")
        biggest = [
            (big["name"], size(big["memory"]), str(big["db"]), big["kind"], _plain(big["elements"]), _ttl(big["ttl"]))
            for big in document["biggest"]
        ]
        table([("key", "memory", "db", "type", "elements", "expires in"), *biggest], right=(1, 2, 4), optional=4)
    looked = document["all"]["looked_at"] if document["all"] else 0
    click.echo(
        f"\n{looked:,} keys were looked at; ± is the half of a 95 % interval. "
        f"{document['commands']:,} commands in {document['seconds']:.1f} s, "
        f"at most {document['server_seconds']:.2f} s of the servers' time."
    )
    for shard in document["shards"]:
        if shard.get("failure"):
            click.echo(f"{shard.get('instance') or shard['shard']}: {shard['failure']}", err=True)
    for name, text in document["refused"].items():
        click.echo(f"{name} is refused: {text}", err=True)


def _row(name: str, group: dict[str, Any]) -> tuple[str, ...]:
    coverage = group["ttl_coverage"]
    return (
        name,
        f"{group['keys']:,}",
        _with_error(group["memory_bytes"], group["memory_error_bytes"], size),
        f"{coverage:.1%}" if coverage is not None else "-",
        _with_error(group["without_ttl"], group["without_ttl_error"], _plain),
        _with_error(group["elements"], group["elements_error"], _plain),
        ", ".join(group["types"]),
    )


def _with_error(value: int | None, error: int | None, form: Any) -> str:
    if value is None:
        return "-"
    return f"{form(value)} ±{error / value:.1%}" if error and value else form(value)


def size(value: float) -> str:
    """Bytes for people."""
    for unit in _UNITS:
        if value < 1024 or unit == _UNITS[-1]:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    raise AssertionError


def _plain(value: int | None) -> str:
    return f"{value:,}" if value is not None else "-"


def _ttl(seconds: float | None) -> str:
    if seconds is None:
        return "never"
    for unit, length in (("d", 86_400), ("h", 3600), ("m", 60)):
        if seconds >= length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds:.0f} s"
