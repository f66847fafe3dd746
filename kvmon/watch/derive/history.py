"""A short past of a few numbers, thinned out so that ten thousand nodes fit in memory."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right


class History:
    """Points in time with a fixed number of values each; never changed once made: `with_point` gives a new one.

    Points are at least `spacing` seconds apart and at most `horizon` seconds old. Times are monotonic seconds.
    """

    __slots__ = ("columns", "horizon", "spacing", "times")

    def __init__(
        self,
        spacing: float,
        horizon: float,
        *,
        times: array[float] | None = None,
        columns: tuple[array[float], ...] = (),
    ) -> None:
        self.spacing = spacing
        self.horizon = horizon
        self.times = array("d") if times is None else times
        self.columns = columns

    def with_point(self, at: float, values: tuple[float, ...]) -> History:
        """Itself and the point; itself alone where the last point is too near."""
        times = self.times
        # A tenth less: polls that keep time only roughly would otherwise leave out every other point.
        if times and at - times[-1] < self.spacing * 0.9:
            return self
        first = bisect_left(times, at - self.horizon)
        columns = self.columns or tuple(array("d") for _ in values)
        return History(
            self.spacing,
            self.horizon,
            times=times[first:] + array("d", (at,)),
            columns=tuple(column[first:] + array("d", (value,)) for column, value in zip(columns, values, strict=True)),
        )

    def before(self, at: float, seconds: float) -> tuple[float, ...] | None:
        """The values about so many seconds before `at`: at least nine tenths of them, at most half as many more; else None."""
        place = bisect_right(self.times, at - seconds * 0.9) - 1
        if place < 0 or at - self.times[place] > seconds * 1.5:
            return None
        return tuple(column[place] for column in self.columns)

    def slope(self) -> float | None:
        """Growth of the first value per second by least squares; None before five points over five minutes."""
        times = self.times
        count = len(times)
        if count < 5 or times[-1] - times[0] < 300.0:
            return None
        values = self.columns[0]
        middle, mean = sum(times) / count, sum(values) / count
        above = sum([(time - middle) * (value - mean) for time, value in zip(times, values, strict=True)])
        below = sum([(time - middle) ** 2 for time in times])
        return above / below
