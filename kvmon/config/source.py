"""Values with the places they come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Path = tuple[str | int, ...]
"""The way to a value: `("targets", 0, "tls", "verify")`."""


@dataclass(slots=True)
class Source:
    """A tree of plain values, and for each the place a person finds it at (`kvmon.yaml:12`, `environment REDIS_URL`).

    `expanded` has, where `${…}` was replaced, the text as written and what came in: errors show the former, since the latter may
    be secrets.
    `files` are the files that were read on the way, `broken` the paths whose `${…}` could not be replaced.
    """

    value: dict[str, Any] = field(default_factory=dict)
    places: dict[Path, str] = field(default_factory=dict)
    expanded: dict[Path, tuple[str, tuple[str, ...]]] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)
    broken: set[Path] = field(default_factory=set)

    def where(self, path: Path) -> str:
        """The place of a value, or of the nearest thing around it that has one."""
        for length in range(len(path), -1, -1):
            place = self.places.get(path[:length])
            if place is not None:
                return place
        return ""

    def put(self, path: Path, value: object, place: str) -> None:
        """Set a value, with the mappings on the way to it."""
        here: Any = self.value
        for key in path[:-1]:
            if not isinstance(here.get(key), dict):
                here[key] = {}
            here = here[key]
        here[path[-1]] = value
        self.places[path] = place

    def add_target(self, target: Mapping[str, Any], places: Mapping[str, str], place: str) -> None:
        """One more target, each of its keys with the place it comes from."""
        targets = self.value.setdefault("targets", [])
        index = len(targets)
        targets.append(dict(target))
        self.places["targets", index] = place
        for key, origin in places.items():
            self.places["targets", index, key] = origin


def spelled(path: Path) -> str:
    """A path as a person writes it: `targets[0].tls.verify`."""
    text = ""
    for key in path:
        text += f"[{key}]" if isinstance(key, int) else f".{key}" if text else str(key)
    return text
