"""From groups of addresses to targets as they are to be made: whose addresses belong together, and what each is called."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kvmon.config.discovery.documents import Group, Labels
from kvmon.config.urls import read_url

OPTION = "__kvmon_"
"""Labels that begin so are options of the target; others with two underscores are dropped, as Prometheus does."""

OPTIONS = ("provider", "sku", "topology", "interval", "timeout", "memory_limit", "critical", "probe")
"""What a document may set. Never credentials and files: who writes a document names hosts, too."""

PLACES = ("role", "shard")
"""Labels of kvmon's own /discover that speak of a node: the nodes of a target differ in them."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One target: `urls` as given, `labels` and `options` sorted by name."""

    name: str
    urls: tuple[str, ...]
    labels: Labels = ()
    options: Labels = ()


def wanted(groups: Iterable[Group], problems: list[str]) -> list[Wanted]:
    """The targets of all groups. Those with the same label `target` are one; others are called after their hosts."""
    named: dict[str, list[tuple[str, Labels]]] = {}
    for group in groups:
        if group.problem:
            problems.append(group.problem)
        name = dict(group.labels).get("target", "")
        for address in group.targets:
            try:
                called = name or _called(address, named, group.labels)
            except ValueError as error:
                problems.append(f"an address is left out: {error}")
                continue
            known = named.setdefault(called, [])
            if all(address != other for other, _ in known):
                known.append((address, group.labels))
    return [_joined(name, members, problems) for name, members in named.items()]


def _called(address: str, taken: Mapping[str, list[tuple[str, Labels]]], labels: Labels) -> str:
    url = read_url(address)
    host = re.sub(r"[^a-z0-9._-]+", "-", (url.address.host or url.address.path).lower()).strip("-._")[:56] or "target"
    if host not in taken or (address, labels) in taken[host]:
        return host
    return f"{host}-{url.address.port}"


def _joined(name: str, members: list[tuple[str, Labels]], problems: list[str]) -> Wanted:
    """Labels in which its addresses differ are not the target's."""
    common = set(members[0][1]).intersection(*(labels for _, labels in members[1:]))
    options, labels = [], []
    for label, value in sorted(common):
        if label.startswith(OPTION):
            option = label.removeprefix(OPTION)
            if option in OPTIONS:
                options.append((option, value))
            else:
                problems.append(f"{name}: the label {label} is no option that a document may set: use {', '.join(OPTIONS)}")
        elif not label.startswith("__") and label != "target" and label not in PLACES:
            labels.append((label, value))
    return Wanted(name, tuple(address for address, _ in members), tuple(labels), tuple(options))
