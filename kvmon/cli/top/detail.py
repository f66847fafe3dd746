"""One target as lines: what is wrong, its past, nodes, breakers, slow commands, what cannot be asked, what happened. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from rich.text import Text

from kvmon.cli.terminal import clean
from kvmon.cli.top.fleet import STYLES
from kvmon.cli.top.glyphs import Canvas, Glyphs, fit, said, spark
from kvmon.cli.top.rows import seconds
from kvmon.tell.server.pages.texts import ago_text

PAST = (
    ("commands", "commands/s", "number"), ("hit_ratio", "hit ratio", "ratio"), ("memory", "memory", "bytes"),
    ("clients", "clients", "number"), ("get", "probe GET", "seconds"), ("set", "probe SET", "seconds"), ("cpu", "CPU", "ratio"),
    ("network_in", "network in", "rate"), ("network_out", "network out", "rate"), ("lag", "lag", "seconds"),
)  # fmt: skip
"""Lines that are shown: the daemon's name, ours, the unit."""

RULE = 100
"""Cells of a heading at most."""

QUIET = ("ok", "unneeded", "off")
"""Of capabilities, what is not worth a line."""


def detail(document: Mapping[str, Any], canvas: Canvas) -> list[Text]:
    """All lines, of this width at most; more than a screen has."""
    width, glyphs, now = canvas.width, canvas.glyphs, canvas.now
    lines = [Text.assemble((document["name"], "bold"), " ", (document["status"], STYLES.get(document["status"], "")))]
    lines[0].append(f"  {document['provider']}{' critical' if document['critical'] else ''}")
    parts: Sequence[tuple[str, Iterable[Text | str]]] = (
        ("", _troubles(document, now)),
        ("Alerts", _alerts(document, now)),
        ("Last 10 minutes", _past(document, width, glyphs)),
        ("Nodes", _nodes(document, width, glyphs)),
        ("Breakers", _breakers(document)),
        ("Slow commands", _slow(document, now)),
        ("What cannot be asked", _lacking(document)),
        ("What happened", _events(document)),
    )
    for title, part in parts:
        told = list(part)
        if told and title:
            lines.append(Text(f"{title} ".ljust(min(width, RULE), glyphs.rule)[:width], "dim"))
        lines += [line if isinstance(line, Text) else Text(line) for line in told]
    for line in lines:
        line.truncate(width, overflow="crop")
        line.no_wrap = True
    return lines


def _troubles(document: Mapping[str, Any], now: float) -> Iterator[Text]:
    for trouble in document["troubles"]:
        line = Text.assemble((trouble["status"], STYLES.get(trouble["status"], "")), f" {_age(trouble['since'], now)}")
        yield line.append(clean(trouble["what"]), "bold")
        if trouble["todo"]:
            yield Text(f"  {clean(trouble['todo'])}")
        if trouble["runbook"]:
            yield Text(f"  {clean(trouble['runbook'])}", "dim")
    if not document["troubles"]:
        yield Text("nothing is wrong", STYLES["well"])


def _alerts(document: Mapping[str, Any], now: float) -> Iterator[str]:
    for alert in document["alerts"]:
        quiet = " (silenced)" if alert["silenced"] else ""
        yield clean(f"{alert['state']} {alert['severity']} {_age(alert['since'], now)}{alert['name']}: {alert['summary']}{quiet}")


def _past(document: Mapping[str, Any], width: int, glyphs: Glyphs) -> Iterator[str]:
    for name, title, unit in PAST:
        values: Sequence[float | None] = document["lines"].get(name, ())
        known = [value for value in values if value is not None]
        if known:
            limit = {"hit_ratio": 1.0, "memory": document["memory_limit_bytes"]}.get(name)
            cells = max(4, min(40, width - 40))
            ends = f"{said(min(known), unit)} to {said(max(known), unit)}"
            yield f"{title:<12} {said(values[-1], unit):>10} {spark(values[-40:], cells, glyphs, most=limit)}  {ends}"


def _nodes(document: Mapping[str, Any], width: int, glyphs: Glyphs) -> Iterator[Text]:
    places = {node["instance"]: node for node in document["topology"]["nodes"]}
    longest = max((len(node["instance"]) for node in document["nodes"]), default=0)
    for node in sorted(document["nodes"], key=lambda each: (_slots(places.get(each["instance"])), each["role"])):
        slots = _slots(places.get(node["instance"]))
        line = Text(fit(node["instance"], min(longest, max(12, width // 3)), glyphs))
        line.append(f" {node['role']:<8}").append(f" {node['status']:<7}", STYLES["well" if node["status"] == "up" else "down"])
        facts = [
            node["version"] or "",
            said(node["memory_used_bytes"], "bytes") if node["memory_used_bytes"] is not None else "",
            f"{said(node['commands_per_second'], 'number')}/s" if node["commands_per_second"] is not None else "",
            f"lag {said(node['replication_lag_seconds'], 'seconds')}" if node["replication_lag_seconds"] else "",
            f"slots {', '.join(f'{first}-{last}' for first, last in slots)}" if slots else "",
            clean(node["why"] or ""),
        ]
        yield line.append(" ".join(["", *(fact for fact in facts if fact)]))


def _slots(place: Mapping[str, Any] | None) -> list[list[int]]:
    return place["slots"] if place else []


def _breakers(document: Mapping[str, Any]) -> Iterator[str]:
    for breaker in document["breakers"]:
        override = breaker.get("override")
        parts = (
            breaker["op"], breaker["shard"][:12], breaker["state"], breaker["advice"], breaker["reason_class"] or "",
            f"{breaker['mode']} by {override['by']}: {override['reason']}" if override else "", breaker["since"] or "",
        )  # fmt: skip
        yield clean(" ".join(part for part in parts if part))


def _slow(document: Mapping[str, Any], now: float) -> Iterator[str]:
    for entry in document["slowlog"][:12]:
        took = said(entry["seconds"], "seconds")
        where = f"{entry['instance']}  {_age(entry['at'], now)}ago"
        count = f"{entry['arguments']} argument{'' if entry['arguments'] == 1 else 's'}"
        yield clean(f"{took:>9} {entry['command']} {count}  {where}")


def _lacking(document: Mapping[str, Any]) -> list[str]:
    found = {
        clean(f"{name} {told['status']}: {told['why']}")
        for node in document["nodes"]
        for name, told in node["capabilities"].items()
        if told["why"] and told["status"] not in QUIET
    }
    failing = {
        clean(f"{failure['collector']} {failure['reason']}: {failure['message']}")
        for node in document["nodes"]
        for failure in node["failures"]
        if failure["collector"] != "poll"
    }
    return sorted(found | failing)


def _events(document: Mapping[str, Any]) -> Iterator[str]:
    for event in document["events"]:
        yield clean(f"{event['at'][:19].replace('T', ' ')}  {event['text']}")


def _age(timestamp: str | None, now: float) -> str:
    since = seconds(timestamp)
    return f"{ago_text(now - since)} " if since else ""
