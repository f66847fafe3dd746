"""The best samples of a group, with the very heap that Prometheus keeps them in: among equal values it decides who stays."""

from __future__ import annotations

from kvmon.judge.promql.labels import Labelset

Sample = tuple[Labelset, float]


class Best:
    """A heap of at most `count` samples whose root is the worst. NaN is worse than any number."""

    __slots__ = ("_count", "_heap", "_top")

    def __init__(self, count: int, *, top: bool) -> None:
        self._count = count
        self._top = top
        self._heap: list[Sample] = []

    def _worse(self, left: float, right: float) -> bool:
        if left != left:
            return True
        return left < right if self._top else left > right

    def offer(self, sample: Sample) -> None:
        """Take the sample if it is among the best so far."""
        heap = self._heap
        if len(heap) < self._count:
            heap.append(sample)
            self._up(len(heap) - 1)
            return
        root, value = heap[0][1], sample[1]
        better = root < value if self._top else root > value
        if better or (root != root and value == value):
            heap[0] = sample
            self._down()

    def ordered(self) -> list[Sample]:
        """The best first, NaN last."""
        numbers = [sample for sample in self._heap if sample[1] == sample[1]]
        others = [sample for sample in self._heap if sample[1] != sample[1]]
        return sorted(numbers, key=lambda sample: sample[1], reverse=self._top) + others

    def _up(self, place: int) -> None:
        heap = self._heap
        while place > 0:
            parent = (place - 1) // 2
            if not self._worse(heap[place][1], heap[parent][1]):
                return
            heap[place], heap[parent] = heap[parent], heap[place]
            place = parent

    def _down(self) -> None:
        heap = self._heap
        place = 0
        while (child := 2 * place + 1) < len(heap):
            if child + 1 < len(heap) and self._worse(heap[child + 1][1], heap[child][1]):
                child += 1
            if not self._worse(heap[child][1], heap[place][1]):
                return
            heap[place], heap[child] = heap[child], heap[place]
            place = child
