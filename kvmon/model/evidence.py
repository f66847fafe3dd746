"""What a probe found out, and what is concluded from it: the two values that watching, judging and telling share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

Op = Literal["read", "write"]
OPS: tuple[Op, Op] = ("read", "write")

Slots = tuple[tuple[int, int], ...]
"""Ranges of hash slots with both ends; empty where nothing is sharded."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One try of one op on one node.

    `outcome` is `ok` or the class of what went wrong (`oom`, `readonly`, `timeout`, `refused`, ...). `at` is when it began, in
    monotonic seconds, `duration` seconds it took. `conclusive`: the server itself said that it does not serve this op.
    """

    target: str
    node: str
    op: Op
    ok: bool
    outcome: str
    at: float
    duration: float
    conclusive: bool = False

    @property
    def end(self) -> float:
        """When it was known, in monotonic seconds."""
        return self.at + self.duration


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether an op of a target may be tried.

    `state`: closed, open, half_open or unknown; `advice`: allow, limit or deny; `permit_ratio` 0..1 of the calls may go;
    `since` and `last_ok` wall seconds; `index` grows with every change of the verdict, `generation` with every change of state.
    `slots` are the shard's, `mode` is auto, forced_open, forced_closed or shadow.
    """

    target: str
    op: Op
    shard: str
    state: str
    advice: str
    permit_ratio: float
    retry_after_ms: int
    since: float
    generation: int
    reason_class: str
    index: int
    failures: int
    last_outcome: str
    last_ok: float | None
    slots: Slots = ()
    mode: str = "auto"


@dataclass(frozen=True, slots=True)
class Verdicts:
    """All of them at one moment. `epoch` is another after each start of the daemon, and `index` counts within it.

    `gone` is the index at which a target lost a breaker last.
    """

    epoch: str
    index: int
    all: Sequence[Verdict] = ()
    gone: Mapping[str, int] = field(default_factory=dict)
