"""file_sd and http_sd documents: groups of addresses with labels."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import yaml

from kvmon.yaml_loader import LOADER

LIMIT = 50_000
"""Addresses in a document at most."""

Labels = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Addresses (`host:port`, or URLs) that have these labels, sorted by name. `problem`: what of it could not be read."""

    targets: tuple[str, ...]
    labels: Labels = ()
    problem: str = ""


def parse(text: str, *, yaml_too: bool = False) -> tuple[Group, ...]:
    """The groups of a document. Raises ValueError with a sentence that holds nothing of the document's addresses."""
    found = _load(text, yaml_too=yaml_too)
    if found is None:
        return ()
    if not isinstance(found, list):
        raise ValueError("it is no list of groups")  # noqa: TRY004 - a mistake of the document's author
    groups = tuple(_group(item, number) for number, item in enumerate(found))
    if sum(len(group.targets) for group in groups) > LIMIT:
        raise ValueError(f"it names more than {LIMIT} addresses")
    return groups


def _load(text: str, *, yaml_too: bool) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        if not yaml_too:
            where = f" (line {error.lineno})" if isinstance(error, json.JSONDecodeError) else ""
            raise ValueError(f"it is no JSON{where}") from None
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    try:
        return yaml.load(text, Loader=LOADER)  # noqa: S506 - a safe one
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise ValueError(f"it is no YAML{f' (line {mark.line + 1})' if mark else ''}: {error.problem}") from None
    except (yaml.YAMLError, RecursionError, ValueError):
        raise ValueError("it is no YAML") from None


def _group(item: Any, number: int) -> Group:
    if not isinstance(item, dict):
        raise ValueError(f"group {number} is no mapping with targets and labels")  # noqa: TRY004 - as above
    unknown = [str(key) for key in item if key not in ("targets", "labels", "source")]
    if unknown:
        raise ValueError(f"group {number}: unknown key {unknown[0]!r}, known are targets and labels")
    targets, labels = item.get("targets") or [], item.get("labels") or {}
    if not isinstance(targets, list) or not all(isinstance(target, str) and target for target in targets):
        raise ValueError(f"group {number}: targets has to be a list of texts")
    if not isinstance(labels, dict) or not all(isinstance(name, str) for name in labels):
        raise ValueError(f"group {number}: labels has to be a mapping of texts")
    wrong = next((name for name, value in labels.items() if not isinstance(value, str)), None)
    if wrong is not None:
        raise ValueError(f"group {number}: the label {wrong!r} has to be text: put it in quotes")
    return Group(tuple(targets), tuple(sorted(labels.items())))
