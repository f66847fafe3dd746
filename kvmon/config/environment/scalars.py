"""Scalars of the file as variables: KVMON_INTERVAL, KVMON_LOG__LEVEL; some also under redis_exporter's names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml
from pydantic import BaseModel

from kvmon.config.environment.exporter import SCALARS, read_exporter_scalar
from kvmon.config.environment.places import Environment
from kvmon.config.explain import model_in, nearest
from kvmon.config.mistakes import Ledger
from kvmon.config.options import FileOptions
from kvmon.config.source import Path, Source

OTHERS = ("KVMON_CONFIG", "KVMON_TARGETS")
_NOT_OURS = re.compile(r"KVMON_(SERVICE_(HOST|PORT(_.*)?)|PORT(_\d.*)?|TEST_.*|WRITE_.*)")
"""Kubernetes describes a Service called kvmon like this to every container beside it; kvmon's own tests have variables, too."""


def read_scalars(environment: Environment, source: Source, ledger: Ledger) -> None:
    """Put what the environment sets over what the file says."""
    for name in SCALARS:
        if name in environment:
            read_exporter_scalar(name, environment, source, ledger)
    known = dict(scalars(FileOptions))
    for name in sorted(environment):
        if not name.startswith("KVMON_") or name in OTHERS or _NOT_OURS.fullmatch(name):
            continue
        path = known.get(name)
        if path is None:
            ledger.add(f"{name}: unknown variable", where="environment", hint=nearest(name, [*known, *OTHERS]))
            continue
        source.put(path, _value(environment[name]), environment.place(name))


def scalars(model: type[BaseModel], above: Path = ()) -> Iterator[tuple[str, Path]]:
    """Every scalar of a model as variable and path; lists and what is in lists have none."""
    for key, field in model.model_fields.items():
        path = (*above, key)
        inner = model_in(field.annotation)
        if _is_list(field.annotation):
            continue
        if inner is not None:
            yield from scalars(inner, path)
        else:
            yield "KVMON_" + "__".join(str(part) for part in path).upper(), path


def _is_list(annotation: Any) -> bool:
    return getattr(annotation, "__origin__", None) in (tuple, dict, list, frozenset)


def _value(text: str) -> object:
    """As in the file: `off` is false, `3` a number; everything else is text as it stands."""
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        return text
    return value if isinstance(value, bool | int | float) else text
