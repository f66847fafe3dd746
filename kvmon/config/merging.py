"""Options of one target over those of all."""

from __future__ import annotations

from typing import Any


def merged(common: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    """Collectors that a target says something of, over what is said for all: option by option."""
    found = dict(common)
    for name, given in own.items():
        under = found.get(name)
        options = {"enabled": True} if given is True else given
        found[name] = {**under, **options} if isinstance(under, dict) and isinstance(options, dict) else given
    return found
