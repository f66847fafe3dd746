"""Options of rules."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from kvmon.options import Options, Seconds


class RulesOptions(Options):
    """Prometheus rule files that kvmon evaluates itself."""

    files: tuple[str, ...] = ()
    """Rule files; patterns such as `alerts/*.yaml` are allowed, relative ones begin in the folder of this file."""
    evaluation_interval: Annotated[Seconds, Field(ge=1)] = 15.0
    """Time between evaluations of groups that do not say otherwise, and the step of subqueries that name none."""
