"""What a probe found out, and what is concluded from it: the two values that watching, judging and telling share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from kvmon.model.targets.thresholds import DEFAULTS, Thresholds

Op = Literal["read", "write"]
OPS: tuple[Op, Op] = ("read", "write")

Slots = tuple[tuple[int, int], ...]
"""Ranges of hash slots with both ends; empty where nothing is sharded."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One try of one op on one node.

    `outcome` is `ok` or the class of what went wrong (`oom`, `readonly`, `timeout`, `refused`, ...). `at` is when it began, in
    monotonic seconds, `duration` seconds it took. `conclusive`: the server itself said that it does not serve this op.
    `tainted`: we were late ourselves, so that its duration says nothing. `ready_in` seconds the server expects to serve.
    """

    target: str
    node: str
    op: Op
    ok: bool
    outcome: str
    at: float
    duration: float
    conclusive: bool = False
    tainted: bool = False
    ready_in: float | None = None

    @property
    def end(self) -> float:
        """When it was known, in monotonic seconds."""
        return self.at + self.duration


Mode = Literal["auto", "forced_open", "forced_closed", "shadow"]
"""Who decides: the breaker; a person, for or against; or nobody yet, while one looks at what the breaker would do."""


@dataclass(frozen=True, slots=True)
class Override:
    """A person's decision, for a while. `until` is wall seconds; `reason` and `by` are theirs."""

    mode: Mode
    until: float
    reason: str
    by: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """How calls of an application ended: so many of them with this class (`ok`, `timeout`, ...), in so many ms together."""

    target: str
    op: Op
    shard: str
    outcome: str
    count: int
    milliseconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Report:
    """What a reporter saw in the last `window` seconds. The same `batch` again is the same report."""

    reporter: str
    batch: str
    window: float
    outcomes: tuple[Outcome, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """What applications say of an op: calls of the last seconds, how much of them failed, how many reported."""

    reporters: int = 0
    calls: int = 0
    failure_ratio: float = 0.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether an op of a target may be tried.

    `state`: closed, open, half_open or unknown; `advice`: allow, limit or deny; `permit_ratio` 0..1 of the calls may go;
    `since`, `last` (try) and `last_ok` wall seconds, `latency_ms` is that of the last try; `index` grows with every change of the
    verdict, `generation` with every change of state. `slots` are the shard's; `advice` follows `mode`, `state` does not.
    `suspect`: something failed, and is being looked into;
    `flapping`: it opens again and again; `degraded`: it succeeds, but has become slow; `maintenance`: some was announced.
    `reporter`: whom alone it is for, as its calls fail while those of others work.
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
    last: float | None = None
    latency_ms: float | None = None
    slots: Slots = ()
    mode: Mode = "auto"
    override: Override | None = None
    suspect: bool = False
    flapping: bool = False
    degraded: bool = False
    maintenance: bool = False
    told: Told = Told()
    reporter: str = ""
    thresholds: Thresholds = DEFAULTS


@dataclass(frozen=True, slots=True)
class Verdicts:
    """All of them at one moment. `epoch` is another after each start of the daemon, and `index` counts within it.

    `gone` is the index at which a target lost a breaker last. `tilt`: why kvmon distrusts itself and concludes nothing; empty
    where it does not.
    """

    epoch: str
    index: int
    all: Sequence[Verdict] = ()
    gone: Mapping[str, int] = field(default_factory=dict)
    tilt: str = ""
