"""Lines as SVG: paths in a box that the style sheet sizes, and the texts that a cursor on them shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kvmon.tell.server.pages.past import Line
from kvmon.tell.server.pages.texts import DASH, TEXTS, clock_text

WIDTH, HEIGHT = 240, 48


@dataclass(frozen=True, slots=True)
class Stroke:
    """One line of a chart: its name, the `d` of its path, the newest value, and the text of every value."""

    name: str
    path: str
    area: str
    last: str
    texts: str


@dataclass(frozen=True, slots=True)
class Chart:
    """What a template draws.

    `limit` is the height of the limit's line, None without; `said` what a screen reader is told; `top` is written at the top: the
    highest value, or the limit where the chart reaches to that.
    """

    title: str
    strokes: Sequence[Stroke]
    times: str
    said: str
    top: str
    limit: float | None = None
    note: str = ""

    @property
    def empty(self) -> bool:
        """Whether there is nothing to draw."""
        return not any(stroke.path for stroke in self.strokes)


def chart(  # noqa: PLR0913 - what a chart shows
    title: str,
    lines: Sequence[tuple[str, Line]],
    *,
    unit: str,
    limit: float | None = None,
    most: float | None = None,
    note: str = "",
) -> Chart:
    """A chart of lines with names. It begins at 0 and ends at `most`, or else above what is highest."""
    text = TEXTS[unit]
    highest = max((value for _, line in lines for value in line.known), default=0.0)
    top = most if most is not None else max(highest * 1.1, limit or 0.0) or 1.0
    strokes = [
        Stroke(name, _path(line, top), _area(line, top), text(line.last), "|".join(text(value) for value in line.values))
        for name, line in lines
        if line.known
    ]
    first = lines[0][1] if lines else Line(0.0, 1.0, ())
    times = "|".join(clock_text(first.end - first.step * back) for back in range(len(first.values) - 1, -1, -1))
    height = None if limit is None or limit > top else round(HEIGHT * (1 - limit / top), 1)
    mark = text(limit if limit is not None and limit == top else highest)
    return Chart(title, strokes, times, _said(title, lines, unit), mark, height, note)


def spark(title: str, line: Line, *, unit: str, most: float | None = None) -> Chart:
    """A chart of one line without a name."""
    return chart(title, [("", line)], unit=unit, most=most)


def _said(title: str, lines: Sequence[tuple[str, Line]], unit: str) -> str:
    text = TEXTS[unit]
    parts = [
        f"{name + ' ' if name else ''}{text(line.last)}, lowest {text(min(line.known))}, highest {text(max(line.known))}"
        for name, line in lines
        if line.known
    ]
    return f"{title}: {'; '.join(parts) or DASH}"


def _runs(line: Line, top: float) -> list[list[tuple[float, float]]]:
    """The points of each stretch without a hole."""
    across = WIDTH / max(1, len(line.values) - 1)
    runs: list[list[tuple[float, float]]] = [[]]
    for index, value in enumerate(line.values):
        if value is None:
            runs.append([])
        else:
            runs[-1].append((index * across, HEIGHT - 1 - (HEIGHT - 2) * min(1.0, max(0.0, value / top))))
    return [run for run in runs if run]


def _path(line: Line, top: float) -> str:
    # A point alone is drawn as a short dash: a path of one point shows nothing.
    return "".join(
        "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in run) + (f"h{2 if run[0][0] < WIDTH - 2 else -2}" if len(run) == 1 else "")
        for run in _runs(line, top)
    )


def _area(line: Line, top: float) -> str:
    return "".join(
        f"M{run[0][0]:.1f} {HEIGHT}L" + "L".join(f"{x:.1f} {y:.1f}" for x, y in run) + f"L{run[-1][0]:.1f} {HEIGHT}Z"
        for run in _runs(line, top)
        if len(run) > 1
    )
