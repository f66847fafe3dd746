"""What is wrong with a target, the worst first: since when, what kind of illness, what to do. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from kvmon.model.evidence import Verdict
from kvmon.model.reasons import reason
from kvmon.model.targets.target import Target
from kvmon.tell.server.pages.alarms import Alarm
from kvmon.tell.server.pages.runbooks import link
from kvmon.tell.server.pages.texts import day_text, ratio_text
from kvmon.tell.server.state import NodeState

WORDS = ("down", "degraded", "warning", "unknown", "well")
"""How a target can be, the worst first."""

FULL = 0.95
"""Of the memory, where nothing may be evicted."""


SAME = frozenset({"KvmonBreakerOpen", "RedisDown", "RedisTargetDown"})
"""Alerts that say of a target that is down what the page says by itself."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that is wrong. `word` is one of WORDS, `what` a sentence, `since` wall seconds if known, `todo` a sentence."""

    word: str
    what: str
    since: float | None = None
    todo: str = ""
    link: str = ""

    @property
    def rank(self) -> int:
        """0 for the worst."""
        return WORDS.index(self.word)


def troubles(target: Target, states: Sequence[NodeState], verdicts: Sequence[Verdict], alarms: Iterable[Alarm]) -> list[Trouble]:
    """All that is wrong; nothing for a target that is well."""
    found = _breakers(verdicts)
    found += [*_nodes(states, {trouble.what.rpartition(": ")[2] for trouble in found}), *_memory(states)]
    broken = any(trouble.word in ("down", "degraded") for trouble in found)
    for alarm in alarms:
        word = "degraded" if alarm.severity == "critical" else "warning"
        if alarm.loud and not (broken and alarm.name in SAME):
            found.append(Trouble(word, alarm.summary, alarm.since, alarm.annotations.get("description", ""), alarm.runbook))
    if not target.addresses and not states:
        found.append(Trouble("unknown", "It has no node."))
    return sorted(found, key=lambda trouble: (trouble.rank, -(trouble.since or 0.0)))


def _breakers(verdicts: Sequence[Verdict]) -> list[Trouble]:
    found: list[Trouble] = []
    shards = {verdict.shard for verdict in verdicts}
    ill = {verdict.shard for verdict in verdicts if verdict.op == "read" and verdict.state == "open"}
    for shard in sorted(shards):
        mine = [verdict for verdict in verdicts if verdict.shard == shard]
        bad = [verdict for verdict in mine if verdict.state == "open" and verdict.mode != "forced_closed"]
        place = f" in shard {shard[:8]} ({_slots(mine[0])})" if shard else ""
        if bad:
            word = "down" if shards == ill else "degraded"
            why = reason(bad[0].reason_class)
            text = f"{_ops(bad)}{place}: {why.meaning}"
            found.append(Trouble(word, text, bad[0].since or None, why.advice, link("KvmonBreakerOpen.md")))
        found += [
            Trouble(
                "degraded",
                f"{verdict.op} is denied{place}: {verdict.override.by} decided so: {verdict.override.reason}",
                verdict.since or None,
                f"It ends by itself at {day_text(verdict.override.until)} UTC, or when the override is ended.",
            )
            for verdict in mine
            if verdict.mode == "forced_open" and verdict.override is not None
        ]
        healing = [verdict for verdict in mine if verdict.state == "half_open"]
        if healing:
            ops = " and ".join(verdict.op for verdict in healing)
            found.append(
                Trouble("degraded", f"{ops} recovers{place}: calls are let through step by step", healing[0].since or None)
            )
    return found


def _ops(bad: Sequence[Verdict]) -> str:
    ops = {verdict.op for verdict in bad}
    return "reading and writing fail" if len(ops) > 1 else "reading fails" if "read" in ops else "writing fails"


def _slots(verdict: Verdict) -> str:
    return "slots " + ", ".join(f"{first}-{last}" for first, last in verdict.slots[:3]) if verdict.slots else "no slots"


def _nodes(states: Sequence[NodeState], told: AbstractSet[str]) -> list[Trouble]:
    found: list[Trouble] = []
    data = [state for state in states if state.role != "sentinel"] or list(states)
    down = [state for state in data if state.status == "down"]
    word = "down" if len(down) == len(data) else "degraded"
    for state in down:
        since = state.snapshot.since if state.snapshot is not None else 0.0
        why = reason(state.reason)
        if why.meaning in told and len(data) == 1:
            continue  # its breakers said so
        found.append(
            Trouble(
                word,
                f"{state.node.instance} is down: {why.meaning}",
                since or None,
                "" if why.meaning in told else why.advice,
                link("RedisDown.md"),
            )
        )
    silent = [state for state in data if state.status == "unknown"]
    if silent:
        word = "unknown" if len(silent) == len(data) else "warning"
        found.append(Trouble(word, f"{silent[0].node.instance}: {silent[0].why}"))
    found += [
        Trouble(
            "degraded",
            f"{state.node.instance} has lost its primary {state.facts.get('master_host', '')}",
            None,
            "It serves old data: look at the primary, and at the network between the two.",
        )
        for state in data
        if state.role == "replica" and state.facts.get("master_link_status") == "down"
    ]
    return found


def _memory(states: Sequence[NodeState]) -> list[Trouble]:
    return [
        Trouble(
            "warning",
            f"{state.node.instance}: memory is {ratio_text(ratio)} full, and nothing may be evicted",
            None,
            "Writes fail when it is full: raise maxmemory, delete, or choose an eviction policy.",
        )
        for state in states
        if (ratio := state.memory_ratio()) is not None
        and ratio >= FULL
        and state.facts.get("maxmemory_policy", "") == "noeviction"
    ]
