"""One value with its labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kvmon.model.metrics.spec import Spec


class Sample:
    """One value of a metric.

    `labels` are the values of `spec.labels`, in that order. `suffix` is `_bucket`, `_sum` or `_count` for histograms and
    summaries, and `le` or `quantile` is then the last label of a bucket or quantile.

    Never changed once made, and compared by identity: a collector that sees an unchanged line of a reply gives the very
    sample it gave before, so that nothing downstream has to parse or render it again. (A plain class with slots: a frozen
    dataclass costs three times as much to make, and a poll makes hundreds.)
    """

    __slots__ = ("labels", "spec", "suffix", "value")

    def __init__(self, spec: Spec, value: float, labels: tuple[str, ...] = (), suffix: str = "") -> None:
        self.spec = spec
        self.value = +value  # makes a number of a bool, once for all who write it down
        self.labels = labels
        self.suffix = suffix

    def __repr__(self) -> str:
        pairs = ",".join(f"{name}={value!r}" for name, value in zip(self.spec.labels, self.labels, strict=False))
        return f"Sample({self.spec.name}{self.suffix}{{{pairs}}} {self.value:g})"
