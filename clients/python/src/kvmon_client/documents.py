"""Reading the daemon's JSON: what is wrong with it is a ValueError, or another of BROKEN, and nothing else."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any

BROKEN = (ValueError, RecursionError)
"""What a document that is none may raise; RecursionError where it is nested without end."""

VALID_FOR = 10.0
"""Seconds a verdict may be believed where an answer does not say."""


def object_of(text: str | bytes) -> dict[str, Any]:
    """The JSON object. Raises one of BROKEN."""
    document = json.loads(text)
    if not isinstance(document, dict):
        raise ValueError("the document is not an object")
    return document


def index_of(document: Mapping[str, Any]) -> int:
    """The index of a document. Raises ValueError where it has none."""
    index = document.get("index")
    if not isinstance(index, int) or isinstance(index, bool) or index < 0:
        raise ValueError("there is no index")
    return index


def boot_of(document: Mapping[str, Any]) -> str:
    """Which start of the daemon it is from; an index counts within it."""
    return str(document.get("boot") or document.get("epoch") or "")


def seconds_of(milliseconds: object) -> float:
    """A lease in seconds, whatever a header or a document holds."""
    try:
        seconds = float(milliseconds) / 1000  # type: ignore[arg-type]  # the try answers for it
    except (TypeError, ValueError):
        return VALID_FOR
    return seconds if math.isfinite(seconds) and seconds >= 0 else VALID_FOR
