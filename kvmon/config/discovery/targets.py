"""Targets from what documents name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from kvmon.config.discovery.documents import Group
from kvmon.config.discovery.options import DiscoveryOptions
from kvmon.config.discovery.wanted import Wanted, wanted
from kvmon.config.explain import Explainer
from kvmon.config.mistakes import Ledger
from kvmon.config.source import Source
from kvmon.config.target_options import TargetOptions
from kvmon.config.targets import Common, target_of
from kvmon.model.targets.sharding import Part
from kvmon.model.targets.target import Target
from kvmon.watch.collectors import Collectors


@dataclass(frozen=True, slots=True)
class Discovery:
    """Where documents are, and how targets are made of them. `taken` are names of configured targets."""

    files: tuple[str, ...]
    options: DiscoveryOptions
    common: Common
    collectors: Collectors
    taken: frozenset[str] = frozenset()
    part: Part | None = None


class Maker:
    """Makes targets; one that is described as before stays the very same object."""

    def __init__(self, discovery: Discovery) -> None:
        self._discovery = discovery
        self._made: dict[Wanted, tuple[Target | None, tuple[str, ...]]] = {}

    def make(self, groups: Iterable[Group]) -> tuple[tuple[Target, ...], tuple[str, ...]]:
        """The targets of this process, and sentences about what cannot be one."""
        problems: list[str] = []
        made: dict[Wanted, tuple[Target | None, tuple[str, ...]]] = {}
        for one in wanted(groups, problems):
            if one.name in self._discovery.taken:
                problems.append(f"{one.name}: a target of the configuration has this name, and stays")
            elif self._discovery.part is None or self._discovery.part.has(one.name):
                made[one] = self._made.get(one) or self._target(one)
        self._made = made
        targets = tuple(target for target, _ in made.values() if target is not None)
        return targets, (*problems, *(problem for _, found in made.values() for problem in found))

    def _target(self, one: Wanted) -> tuple[Target | None, tuple[str, ...]]:
        discovery = self._discovery
        given: dict[str, Any] = {**discovery.options.defaults, "name": one.name, "urls": list(one.urls)}
        labels = given.get("labels")
        given["labels"] = {**(labels if isinstance(labels, Mapping) else {}), **dict(one.labels)}
        given.update((name, _value(value)) for name, value in one.options)
        source, ledger = Source(value=given), Ledger()
        try:
            options = TargetOptions.model_validate(given)
            target = target_of(options, (), discovery.common, source, ledger)
        except ValidationError as error:
            Explainer(source, ledger)(error, TargetOptions)
            target = None
        problems = tuple(f"{one.name}: {error.message}" for error in ledger.errors)
        return (None if problems else target), problems


def _value(text: str) -> object:
    return {"true": True, "false": False}.get(text, text)
