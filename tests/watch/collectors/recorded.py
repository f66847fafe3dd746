"""Recorded replies, and samples as text that a person can compare."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from kvmon.model.conversation import Answer
from kvmon.model.metrics.sample import Sample
from kvmon.watch.collectors.info import Info, InfoMemory
from tests.watch.collectors.talking import always, talk

ROOT = Path(__file__).parents[2]
KINDS = ("redis-6.2", "redis-7.0", "redis-8.0", "valkey-8.1", "valkey-9.1")
REPLIES = ("info", "info_replica", "info_cluster")
SIXTEEN = Info(databases=16)


def reply(kind: str, name: str = "info") -> bytes:
    return (ROOT / "replies" / kind / f"{name}.txt").read_bytes()


def told(body: bytes, memory: InfoMemory | None = None, collector: Info = SIXTEEN) -> Answer[Any]:
    """What the collector makes of one reply to INFO."""
    memory = memory or collector.first()
    return talk(collector, memory.server, memory, always(body))


def lines(samples: Iterable[Sample]) -> list[str]:
    return sorted(_line(sample) for sample in samples)


def _line(sample: Sample) -> str:
    names = (*sample.spec.labels, "quantile") if sample.spec.kind == "summary" else sample.spec.labels
    labels = ",".join(f'{name}="{value}"' for name, value in zip(names, sample.labels, strict=False))
    return f"{sample.spec.name}{sample.suffix}{{{labels}}} {sample.value!r}"


def check_golden(name: str, found: list[str]) -> None:
    """Compares with a golden file; KVMON_GOLDEN=1 writes it instead, for a person to read the difference."""
    file = ROOT / "golden" / "info" / f"{name}.prom"
    if os.environ.get("KVMON_GOLDEN") == "1":
        file.write_text("".join(f"{line}\n" for line in found))
    assert file.read_text().splitlines() == found
