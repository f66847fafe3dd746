"""`kvmon acl`: the least-privilege user."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from kvmon.cli.document import json_option, tell
from kvmon.cli.settings import Settings, config_option

if TYPE_CHECKING:
    from kvmon.watch.collectors import Collectors


@click.command("acl")
@config_option
@click.argument("target", required=False)
@click.option("--collectors", "names", metavar="NAMES", help="For these collectors only, separated by commas.")
@click.option("--server", "kind", metavar="KIND", help="For one server, such as redis-6.2 or valkey-9.1: exactly one line.")
@click.option("--user", default="kvmon", show_default=True, metavar="NAME", help="What the user is called.")
@click.option("--cluster", is_flag=True, help="The server is a node of a cluster.")
@click.option("--sentinel", is_flag=True, help="The server is a Sentinel.")
@click.option("--probe/--no-probe", default=None, help="With what probes read and write, or without; a TARGET says so itself.")
@click.option("--health", is_flag=True, help="With the key that /api/health/redis writes.")
@click.option("--keys", "surveyed", is_flag=True, help="With what `kvmon keys` looks at: every key.")
@click.option("--migrate", "compared", is_flag=True, help="With what `kvmon migrate` reads, on either side: every key.")
@json_option
def command(file: str | None, target: str | None, **given: Any) -> None:
    """Print the `ACL SETUSER` line that allows what kvmon asks, and nothing else.

    TARGET is a configured name or a URL: its collectors, provider, probe, workloads and the migration that it is part of count.
    Without one: what kvmon asks by default.
    Nothing is connected to. Put the password into the variable KVMON_PASSWORD and pass the line through `envsubst`.
    """
    from kvmon.cli.nodes import node_of
    from kvmon.diagnose import acl
    from kvmon.model.targets.providers import PROVIDERS
    from kvmon.watch.collectors import Collectors

    provider, collectors, cluster = PROVIDERS[0], Collectors(), given["cluster"]
    probe = given["probe"] if given["probe"] is not None else target is None and not given["sentinel"]
    keys = acl.Keys(probe, probe, given["health"], surveyed=given["surveyed"], compared=given["compared"])
    if target is not None:
        settings = Settings(file)
        node, collectors = node_of(target, settings)
        provider = node.target.provider
        cluster = cluster or node.target.topology == "cluster"
        if node.target.probe is not None:
            keys = replace(keys, read=True, write=node.target.probe.write_every is not None)
        workloads = node.target.workloads
        keys = replace(
            keys,
            patterns=tuple(each.keys for each in workloads if each.keys),
            channels=any(each.channels for each in workloads),
            drawn=_migrates(target, settings),
        )
    collectors = _only(collectors, given["names"])
    kind = given["kind"]
    try:
        servers = acl.KINDS if kind is None else ((kind, acl.server_named(kind)),)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--server") from None
    lines: dict[str, list[str]] = {}
    for title, server in servers:
        where = acl.in_mode(server, "sentinel" if given["sentinel"] else "cluster" if cluster else server.mode)
        lines.setdefault(acl.line(given["user"], acl.rules(collectors, where, provider, keys)), []).append(title)
    if provider.managed:
        click.echo(f"{provider.title}: rights are given by {provider.users}", err=True)
    if given["as_json"]:
        tell([{"servers": titles, "line": text} for text, titles in lines.items()])
        return
    for text, titles in lines.items():
        if kind is None:
            click.echo(f"# {', '.join(titles)}")
        click.echo(text)


def _migrates(target: str, settings: Settings) -> bool:
    """Whether it is one side of the migration that is watched."""
    migration = settings.load().migration if "://" not in target else None
    return migration is not None and target in (migration.source, migration.destination)


def _only(collectors: Collectors, names: str | None) -> Collectors:
    """These collectors with only the named ones switched on."""
    if names is None:
        return collectors
    from kvmon.config.explain import nearest

    known = [name for name in type(collectors).model_fields if hasattr(getattr(collectors, name), "enabled")]
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    for name in wanted:
        if name not in known:
            raise click.BadParameter(f"there is no collector {name!r} ({nearest(name, known)})", param_hint="--collectors")
    switched = {
        name: getattr(collectors, name).model_copy(update={"enabled": name in wanted}) for name in known if name != "info"
    }
    return collectors.model_copy(update=switched)
