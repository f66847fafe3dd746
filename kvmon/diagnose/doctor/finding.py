"""What the doctor says: a finding for each step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from kvmon.model.snapshot import Snapshot
from kvmon.model.targets.target import Node

Status = Literal["ok", "warn", "fail", "skip"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One step: what was found, and unless it is good what to do about it. `seconds` it took; None for no time of its own."""

    step: str
    status: Status
    text: str
    fix: str = ""
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Examination:
    """All findings about one node. `missed` are steps that were not reached, `snapshot` is what a poll gave."""

    node: Node
    findings: Sequence[Finding]
    missed: Sequence[str] = ()
    snapshot: Snapshot | None = None

    @property
    def failed(self) -> bool:
        """Whether something is broken; a warning is not."""
        return any(finding.status == "fail" for finding in self.findings)
