"""What the daemon says of an op of a target, as it arrives in its documents."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

Slots = tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether an op of a target may be tried; fields are those of the document under `/v1/breakers`.

    `state`: closed, open, half_open or unknown; `permit_ratio` 0..1 of the calls may go; `slots`: first and last of each range.
    """

    target: str
    op: str
    shard: str = ""
    state: str = "unknown"
    mode: str = "auto"
    advice: str = "allow"
    permit_ratio: float = 1.0
    retry_after_ms: int = field(default=0, compare=False)  # it counts down without being news
    generation: int = 0
    reason_class: str = ""
    slots: Slots = ()

    @property
    def known(self) -> bool:
        """Whether the daemon has a view; an override counts as one."""
        return self.state != "unknown" or self.advice != "allow" or self.mode in ("forced_open", "forced_closed")

    @property
    def ratio(self) -> float | None:
        """How many of the calls may go; None where the daemon does not know."""
        if not self.known:
            return None
        return self.permit_ratio if self.advice == "limit" else float(self.advice != "deny")


def read_verdict(document: object) -> Verdict:
    """From a document; fields that are not known here are passed over. Raises ValueError where it is none."""
    if not isinstance(document, Mapping):
        raise ValueError("a breaker is not an object")
    target, op = document.get("target"), document.get("op")
    if not (isinstance(target, str) and isinstance(op, str)):
        raise ValueError("a breaker has no target and op")
    advice = _text(document, "advice", "allow")
    return Verdict(
        target=target,
        op=op,
        shard=_text(document, "shard"),
        state=_text(document, "state", "unknown"),
        mode=_text(document, "mode", "auto"),
        advice=advice,
        permit_ratio=min(1.0, max(0.0, _number(document, "permit_ratio", 0.0 if advice == "deny" else 1.0))),
        retry_after_ms=int(_number(document, "retry_after_ms", 0)),
        generation=int(_number(document, "generation", 0)),
        reason_class=_text(document, "reason_class"),
        slots=tuple(_ranges(document.get("slots"))),
    )


def _text(document: Mapping[Any, Any], name: str, otherwise: str = "") -> str:
    value = document.get(name)
    return value if isinstance(value, str) else otherwise


def _number(document: Mapping[Any, Any], name: str, otherwise: float) -> float:
    value = document.get(name)
    return value if isinstance(value, (int, float)) and math.isfinite(value) else otherwise


def _ranges(value: object) -> Iterator[tuple[int, int]]:
    """`[[0, 5460], …]`; a single slot may stand as a number."""
    for part in value if isinstance(value, list) else ():
        match part:
            case int():
                yield part, part
            case [int(first), int(last)]:
                yield first, last
            case str():
                first_text, _, last_text = part.partition("-")
                if first_text.isdigit() and (last_text or first_text).isdigit():
                    yield int(first_text), int(last_text or first_text)
            case _:
                raise ValueError(f"{part!r} is no range of slots")
