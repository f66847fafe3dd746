from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from kvmon.tell.server.pages.past import Line
from kvmon.tell.server.pages.spark import HEIGHT, WIDTH, chart, spark
from kvmon.tell.server.pages.texts import DASH

VALUES = st.lists(st.none() | st.floats(0, 1e15), max_size=80).map(tuple)


@given(VALUES)
def test_a_path_stays_in_its_box_whatever_the_values(values: tuple[float | None, ...]) -> None:
    made = spark("Memory", Line(0.0, 15.0, values), unit="bytes")
    for stroke in made.strokes:
        points = re.findall(r"([\d.]+) ([\d.]+)", stroke.path)
        assert points
        assert all(0 <= float(x) <= WIDTH and 0 <= float(y) <= HEIGHT for x, y in points)
        assert len(stroke.texts.split("|")) == len(made.times.split("|")) == len(values)


def test_holes_break_the_line_and_a_point_alone_is_seen() -> None:
    made = spark("Hits", Line(0.0, 15.0, (0.5, None, 0.5, 0.6, None)), unit="ratio", most=1.0)
    (stroke,) = made.strokes
    assert stroke.path == "M0.0 24.0h2M120.0 24.0L180.0 19.4"
    assert stroke.last == DASH
    assert made.said == f"Hits: {DASH}, lowest 50.0\u202f%, highest 60.0\u202f%"


def test_a_limit_is_in_the_picture() -> None:
    made = chart("Memory", [("", Line(0.0, 15.0, (10.0, 20.0)))], unit="bytes", limit=100.0)
    assert made.limit == 0
    assert made.top == "100\u202fB"
    assert chart("Nothing", [("", Line(0.0, 15.0, (None,)))], unit="bytes").empty
