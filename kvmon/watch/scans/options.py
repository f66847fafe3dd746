"""Options of workloads and of the scans that count them."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple, Self

from pydantic import Field, model_validator

from kvmon.model.targets.target import Scan, Workload
from kvmon.options import Options, Seconds


class Preset(NamedTuple):
    """What a kind of workload is usually called, and what share of its keys should expire."""

    keys: str = ""
    channels: str = ""
    expires: float | None = None


PRESETS = {
    "sessions": Preset("session:*", expires=0.95),
    "api": Preset("api:*", expires=0.95),
    "ai": Preset("ai:response:*", expires=0.95),
    "rate-limits": Preset("rate:*", expires=0.95),
    "executions": Preset("execution:*"),
    "code-analysis": Preset("code:analysis*"),
    "workspaces": Preset(channels="workspace:*"),
}
"""By the word for `preset`."""

Word = Literal["sessions", "api", "ai", "rate-limits", "executions", "code-analysis", "workspaces"]
Pattern = Annotated[str, Field(min_length=1)]


class WorkloadOptions(Options):
    """What an application keeps for one purpose: counted and weighed by scans, as `kvmon_workload_*`."""

    name: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$")]
    """What it is called in labels."""
    preset: Word | None = None
    """A usual pattern: `sessions` is `session:*`, `api` `api:*`, `ai` `ai:response:*`, `rate-limits` `rate:*`, `executions`
    `execution:*`, `code-analysis` `code:analysis*`, `workspaces` the channels `workspace:*`."""
    keys: Pattern | None = None
    """Pattern of its keys, as SCAN has it: `session:*`."""
    channels: Pattern | None = None
    """Pattern of its channels, as PUBSUB has it: `workspace:*`."""
    db: Annotated[int, Field(ge=0, le=100_000)] | None = None
    """The database of its keys; default: any."""
    expires: Annotated[float, Field(ge=0, le=1)] | None = None
    """The share of its keys that are meant to expire, for the alert RedisWorkloadExpiryMissing; default: as the preset has it."""

    @model_validator(mode="after")
    def _says_what(self) -> Self:
        if not (self.preset or self.keys or self.channels):
            raise ValueError("it names nothing: give keys, channels or a preset")
        return self

    def workload(self) -> Workload:
        """The workload itself."""
        usual = PRESETS[self.preset] if self.preset else Preset()
        given = self.keys or self.channels
        keys, channels = (self.keys, self.channels) if given else (usual.keys, usual.channels)
        return Workload(
            self.name, keys or "", channels or "", self.db, self.expires if self.expires is not None else usual.expires
        )


class ScanOptions(Options):
    """How key spaces are gone through, for workloads and for the patterns and groups of the collector `keys`."""

    every: Annotated[Seconds, Field(ge=1)] = 600.0
    """Time between the beginnings of two passes; a longer pass is followed by the next at once."""
    commands: Annotated[float, Field(gt=0, le=1_000_000)] = 200.0
    """Commands a second, of one node, at most."""
    server_time: Annotated[float, Field(gt=0, le=1)] = 0.02
    """The share of a server's time that it may take."""
    sample: Annotated[int, Field(ge=10, le=1_000_000)] = 300
    """Keys of a kind that are looked at (type, expiry, memory, elements) before only every second is, then every fourth …"""
    replicas: bool = True
    """Whether replicas are asked where there are any."""

    def scan(self) -> Scan:
        """The values as the target has them."""
        return Scan(self.every, self.commands, self.server_time, self.sample, self.replicas)
