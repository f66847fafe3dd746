"""What a target's scans look for: rules from its workloads and from the collector `keys`."""

from __future__ import annotations

from hashlib import sha256

from kvmon.model.targets.target import Target
from kvmon.watch.collectors.keys import Keys, parse_key
from kvmon.watch.scans.rules import Rule, by_groups, by_pattern

WORKLOAD, COUNT, GROUP, CHECK, STREAM = "workload", "count", "group", "check", "stream"
"""Subjects of rules."""

TRACKED = 10
"""So many times as many groups are told apart while a pass is under way as are shown when it is over."""


def rules_of(target: Target, keys: Keys) -> tuple[Rule, ...]:
    """The rules; none where nothing needs a pass."""
    sample = target.scan.sample
    found = [Rule(WORKLOAD, each.name, by_pattern(each.keys), each.db, full=sample) for each in target.workloads if each.keys]
    if not keys.scanned:
        return tuple(found)
    for subject, texts, keep in (
        (COUNT, keys.counts, 0),
        (CHECK, keys.patterns, keys.most_keys),
        (STREAM, keys.streams, keys.most_keys),
    ):
        for text in dict.fromkeys(texts):
            db, pattern = parse_key(text)
            found.append(Rule(subject, pattern, by_pattern(pattern), db, apart=True, keep=keep))
    if keys.groups or keys.group_regexes:
        sort = by_groups(keys.groups, keys.group_regexes)
        found.append(Rule(GROUP, "", sort, apart=True, full=sample, most=keys.most_groups * TRACKED))
    return tuple(found)


def every(target: Target, keys: Keys) -> float:
    """Seconds between the beginnings of passes."""
    return min(target.scan.every, keys.every) if keys.scanned else target.scan.every


def signature(target: Target, keys: Keys) -> str:
    """Tells whether what was counted was counted by the same rules."""
    said = (target.workloads, target.scan.sample, keys.counts, keys.patterns, keys.streams, keys.groups, keys.group_regexes)
    return sha256(repr((*said, keys.most_groups, keys.most_keys, keys.enabled)).encode()).hexdigest()[:16]
