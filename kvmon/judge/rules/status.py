"""What is known of rules that are being evaluated, for those who show them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kvmon.judge.rules.groups import RuleState
from kvmon.judge.rules.rulefile import Group


@dataclass(frozen=True, slots=True)
class GroupStatus:
    """A group and the states of its rules, in their order. `interval` ms; `at` (ms), `duration` (s): of the last evaluation."""

    group: Group
    states: Sequence[RuleState]
    interval: int
    at: int | None = None
    duration: float = 0.0
