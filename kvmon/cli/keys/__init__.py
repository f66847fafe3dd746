"""`kvmon keys`: what is in a key space."""

from __future__ import annotations

import asyncio
import json
import sys
from contextlib import suppress
from time import monotonic
from typing import TYPE_CHECKING, Any

import click

from kvmon.cli.document import json_option
from kvmon.cli.settings import Settings, config_option

if TYPE_CHECKING:
    from kvmon.model.targets.target import Target
    from kvmon.watch.scans.rules import Rule

EVERY = 1_000_000_000
"""A sample that no key space exhausts: every key is looked at."""


@click.command("keys")
@config_option
@click.argument("target")
@click.option("--workload", "workloads", multiple=True, metavar="NAME", help="A workload of the target; may be repeated.")
@click.option("--pattern", "patterns", multiple=True, metavar="GLOB", help="Keys of a pattern, as SCAN has it; may be repeated.")
@click.option("--prefix-depth", "depth", type=click.IntRange(1, 10), metavar="N", help="Group by the first N parts of names.")
@click.option("--separator", default=":", show_default=True, help="What parts names.")
@click.option("--db", type=click.IntRange(0), metavar="N", help="One database only.")
@click.option("--ops", default=1000.0, show_default=True, type=click.FloatRange(1), help="Commands a second and node, at most.")
@click.option("--server-time", "share", default=0.1, show_default=True, type=click.FloatRange(0.001, 1),
              help="Share of a server's time, at most.")  # fmt: skip
@click.option("--sample", default=1000, show_default=True, type=click.IntRange(10), metavar="N",
              help="Keys of a group that are looked at before only every second is, then every fourth …")  # fmt: skip
@click.option("--every-key", "whole", is_flag=True, help="Look at every key: exact, and the biggest are found.")
@click.option(
    "--top", default=20, show_default=True, type=click.IntRange(0, 1000), help="How many of the biggest keys are shown."
)
@json_option
@click.pass_context
def command(ctx: click.Context, /, file: str | None, target: str, **given: Any) -> None:
    """Go through the key space of TARGET: keys, memory, expiry and elements by workload or prefix, and the biggest keys.

    TARGET is a configured name or a URL. Each shard is asked at one node, a replica where one is in step, by SCAN and a sample of
    TYPE, PTTL, MEMORY USAGE and sizes. Ctrl-C ends it with what was found by then. Exit code 1 when a shard could not be asked.
    """
    from kvmon.cli.keys.show import show
    from kvmon.cli.keys.walk import Walk
    from kvmon.cli.nodes import node_of
    from kvmon.cli.silence import silent
    from kvmon.diagnose.keys import report
    from kvmon.watch.scans.pacing import Budget

    node, collectors = node_of(target, Settings(file))
    rules = _rules(node.target, given)
    walk = Walk(node.target, collectors, rules, budget=Budget(given["ops"], given["share"]), top=given["top"])
    began, interrupted = monotonic(), False
    with silent():
        try:
            asyncio.run(walk.run(bar=sys.stderr.isatty() and not given["as_json"]))
        except KeyboardInterrupt:
            interrupted = True
    document = report(node.target.name, walk.shards, walk.missing, monotonic() - began, top=given["top"])
    if given["as_json"]:
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
    else:
        with suppress(BrokenPipeError):
            show(document)
    ctx.exit(130 if interrupted else 0 if document["complete"] else 1)


def _rules(target: Target, given: dict[str, Any]) -> list[Rule]:
    from kvmon.config.explain import nearest
    from kvmon.watch.scans.rules import Rule, by_pattern, by_prefix

    full, db = EVERY if given["whole"] else given["sample"], given["db"]
    known = {workload.name: workload for workload in target.workloads if workload.keys}
    for name in given["workloads"]:
        if name not in known:
            raise click.BadParameter(f"there is no workload {name!r} ({nearest(name, known)})", param_hint="--workload")
    names = given["workloads"] or (known if not given["patterns"] and given["depth"] is None else ())
    rules = [Rule("all", "", lambda _: "", db, full=full)]
    for name in names:
        workload = known[name]
        rules.append(Rule("workload", name, by_pattern(workload.keys), workload.db if db is None else db, full=full))
    rules += [Rule("pattern", pattern, by_pattern(pattern), db, full=full) for pattern in given["patterns"]]
    if given["depth"] is not None or len(rules) == 1:
        sort = by_prefix(given["depth"] or 1, given["separator"].encode("utf-8", "surrogateescape"))
        rules.append(Rule("prefix", "prefix", sort, db, apart=True, full=full, most=1000))
    return rules
