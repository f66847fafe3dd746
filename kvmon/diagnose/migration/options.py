"""The section `migration`: two targets, of which the one is to take the other's place."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from kvmon.options import Options, Seconds

Mode = Literal["dual-write", "replicate", "blue-green"]


class MigrationOptions(Options):
    """Compares two targets all the time, by samples, and says when the destination is ready: `kvmon_migration_*`."""

    source: Annotated[str, Field(min_length=1)]
    """The target that serves now."""
    destination: Annotated[str, Field(min_length=1)]
    """The target that is to take its place."""
    mode: Mode = "dual-write"
    """How keys get there. `dual-write`: applications write to both; `replicate`: something copies all writes, and how long that
    takes is measured; `blue-green`: a copy that may have keys of its own."""
    every: Annotated[Seconds, Field(ge=1)] = 30.0
    """Time between two samples."""
    keys: Annotated[int, Field(ge=10, le=10_000)] = 200
    """Keys of the source that a sample has, and as many of the destination."""
    over: Annotated[Seconds, Field(ge=1)] = 1800.0
    """The samples of so much time make the verdict."""
    tolerance: Annotated[float, Field(ge=0.0001, le=1)] = 0.001
    """The share of keys that may differ in each way. The smaller, the more keys are compared before it is ready: 3 / tolerance,
    or three times the keys that there are, without the few that are probes'."""
    size_tolerance: Annotated[float, Field(ge=0, le=1)] = 0.02
    """By what share the numbers of keys may differ."""
    ttl_tolerance: Seconds = 5.0
    """How far times to live may be apart."""
    settle: Seconds = 1.0
    """How long a difference is given to go away."""
    max_lag: Annotated[Seconds, Field(gt=0)] = 1.0
    """How long a write may take to get there, with `replicate`."""
    commands: Annotated[float, Field(gt=0, le=1_000_000)] = 500.0
    """Commands a second, of one node, at most."""
    server_time: Annotated[float, Field(gt=0, le=1)] = 0.02
    """The share of a server's time that it may take."""

    @model_validator(mode="after")
    def _two(self) -> Self:
        if self.source == self.destination:
            raise ValueError("source and destination are the same target")
        return self

    @property
    def name(self) -> str:
        """What it is called in labels."""
        return f"{self.source}-{self.destination}"
