"""`namespace: valkey`: the prefix `redis_` under another name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

from kvmon.model.metrics.sample import Sample
from kvmon.model.metrics.spec import Spec
from kvmon.model.snapshot import Snapshot

USUAL = "redis"


def in_namespace(namespace: str, put: Callable[[Snapshot], object]) -> Callable[[Snapshot], object]:
    """What takes snapshots, given theirs with other names. The usual namespace costs nothing."""
    if namespace == USUAL:
        return put

    @cache  # rows are few and live as long as the program
    def renamed(spec: Spec) -> Spec:
        name = spec.name.removeprefix(f"{USUAL}_")
        return spec if name == spec.name else replace(spec, name=f"{namespace}_{name}")

    def put_renamed(snapshot: Snapshot) -> None:
        samples = [Sample(renamed(each.spec), each.value, each.labels, each.suffix) for each in snapshot.samples]
        put(replace(snapshot, samples=samples))

    return put_renamed
