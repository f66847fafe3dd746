"""Why a target is as it is: one sentence, what it rests on, what happened, and what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any

from kvmon.model.reasons import reason

HIGH = {
    "kvmon_memory_utilization_ratio": (0.9, "memory was {value:.0%} full"),
    "kvmon_clients_utilization_ratio": (0.8, "{value:.0%} of the clients it has room for were connected"),
    "redis_blocked_clients": (10.0, "{value:.0f} clients were blocked"),
    "redis_mem_fragmentation_ratio": (3.0, "memory was fragmented by a factor of {value:.1f}"),
}
"""From which value on it belongs to the evidence."""

RISEN = {
    "commands": (100.0, "{last:,.0f} commands a second, after {usual:,.0f} in the minutes before"),
    "clients": (20.0, "{last:,.0f} clients, after {usual:,.0f} in the minutes before"),
    "evictions": (1.0, "{last:,.1f} evictions a second, after {usual:,.1f} in the minutes before"),
    "errors": (1.0, "{last:,.1f} error replies a second, after {usual:,.1f} in the minutes before"),
    "cpu": (0.5, "{last:.0%} of a processor, after {usual:.0%} in the minutes before"),
    "get": (0.05, "reading took {last:.3g} s, after {usual:.3g} s in the minutes before"),
}
"""By series the least value that is worth telling, and how."""

KINDS = {"large-request": "large requests", "large-reply": "large replies"}
"""Valkey's command logs in words."""

TIMES, BEFORE = 3.0, 5
"""Times its usual value has risen; moments that are needed to know what is usual."""


@dataclass(frozen=True, slots=True)
class Why:
    """`good`: nothing is wrong now. `evidence` and `story` are lines, `todo` a sentence or empty."""

    sentence: str
    evidence: Sequence[str]
    story: Sequence[str]
    todo: str = ""
    good: bool = True


def explain(target: str, breakers: Sequence[Mapping[str, Any]], incidents: Sequence[Mapping[str, Any]],
            events: Sequence[Mapping[str, Any]]) -> Why:  # fmt: skip
    """From the documents of `/v1/breakers/TARGET` and `/v1/incidents?target=TARGET`, the newest first."""
    bad = [each for each in breakers if each["state"] in ("open", "half_open") or each["advice"] == "deny"]
    last = incidents[0] if incidents else None
    why = reason(str(bad[0]["reason_class"] or "") if bad else str(last["reason"]) if last else "")
    story = [f"{each['at']}  {each['text']}" for each in reversed(events[:20])]
    evidence = _evidence(last)
    if bad:
        ops = " and ".join(dict.fromkeys("reading" if each["op"] == "read" else "writing" for each in bad))
        forced = next((each["override"] for each in bad if each.get("override")), None)
        if forced is not None and forced["state"] == "forced_open":
            decided = f"{target}: {ops} is denied, as {forced['by']} decided: {forced['reason']}."
            return Why(decided, evidence, story, "It ends by itself, or with DELETE of the override.", good=False)
        failing = f"{target}: {ops} fails since {bad[0]['since']}, because {why.meaning}."
        return Why(failing, evidence, story, why.advice, good=False)
    if last is None:
        unknown = all(each["state"] == "unknown" for each in breakers)
        return Why(f"{target}: {'nothing is known: is it probed?' if unknown else 'nothing is wrong.'}", (), story)
    return Why(f"{target}: nothing is wrong now; it failed at {last['at']}, because {why.meaning}.", evidence, story, why.advice)


def _evidence(incident: Mapping[str, Any] | None) -> list[str]:
    lines: list[str] = []
    for node in incident["nodes"] if incident is not None else ():
        name = node["instance"]
        then, before = node.get("then"), node.get("before")
        if then is not None and then["failure"] is not None:
            lines.append(f"{name}: {then['failure']['message']}")
        lines += [f"{name}: {text}" for text in _high(then if then and then["up"] else before)]
        if then and before and then["up"] and before["up"]:
            old, new = (side["facts"].get("run_id") for side in (before, then))
            if old and new and old != new:
                lines.append(f"{name}: it was restarted")
            if before["facts"].get("role") != then["facts"].get("role"):
                lines.append(f"{name}: its role changed to {then['facts'].get('role')}")
        lines += [f"{name}: {text}" for text in _trends(node.get("series") or {})]
        slow = node.get("slow_commands") or []
        if slow:
            worst = max(slow, key=lambda each: each["seconds"])
            lines.append(f"{name}: {len(slow)} slow commands, the slowest {worst['command']} with {worst['seconds']:.3g} s")
        for log, entries in (node.get("large_commands") or {}).items():
            if entries:
                most, kind = max(entries, key=lambda each: each["bytes"]), KINDS.get(log, log)
                lines.append(f"{name}: {len(entries)} {kind}, the largest {most['command']} with {most['bytes']:,.0f} bytes")
    return lines


def _trends(series: Mapping[str, Any]) -> list[str]:
    """What was much more at the end than it used to be in the minutes before."""
    lines = []
    for name, (least, text) in RISEN.items():
        known = [value for value in series.get(name, {}).get("values", ()) if value is not None]
        if len(known) >= BEFORE:
            usual, last = median(known[:-2]), max(known[-2:])
            if last >= least and last >= TIMES * usual:
                lines.append(text.format(usual=usual, last=last))
    return lines


def _high(side: Mapping[str, Any] | None) -> list[str]:
    values = side["values"] if side is not None else {}
    return [text.format(value=values[name]) for name, (limit, text) in HIGH.items() if values.get(name, 0.0) >= limit]
