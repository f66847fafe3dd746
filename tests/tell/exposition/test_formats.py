from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvmon.tell.exposition.formats import TEXT_0_0_4, choose, openmetrics, parse_accept, takes_gzip, text_1_0_0

PROMETHEUS = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
    "text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", TEXT_0_0_4),
        ("*/*", TEXT_0_0_4),
        ("text/html,application/xhtml+xml,*/*;q=0.8", TEXT_0_0_4),
        ("text/plain", TEXT_0_0_4),
        ("text/plain;version=1.0.0", text_1_0_0("underscores")),
        ("text/plain;version=1.0.0;escaping=dots", text_1_0_0("dots")),
        ("application/openmetrics-text", openmetrics("underscores")),
        ("application/openmetrics-text;version=9.0.0", TEXT_0_0_4),
        ("application/openmetrics-text;q=0", TEXT_0_0_4),
        ("application/openmetrics-text;q=0.2, text/plain;q=0.8", TEXT_0_0_4),
        ("Application/OpenMetrics-Text; VERSION=1.0.0 ; q=1", openmetrics("underscores")),
        (PROMETHEUS, openmetrics("allow-utf-8")),
    ],
)
def test_the_best_format_the_client_takes_is_chosen(header: Any, expected: Any) -> None:
    assert choose(header) == expected


@given(st.text())
def test_any_header_gets_a_format(header: Any) -> None:
    assert choose(header).content_type
    takes_gzip(header)


@given(st.lists(st.tuples(st.sampled_from(["a/b", "text/plain", "*/*"]), st.integers(0, 1000)), max_size=6))
def test_elements_come_by_quality_and_equal_ones_in_their_order(elements: Any) -> None:
    header = ",".join(f"{media};q={q / 1000}" for media, q in elements)
    parsed = [(element.media, round(element.q * 1000)) for element in parse_accept(header)]
    assert parsed == sorted(elements, key=lambda element: -element[1])


@pytest.mark.parametrize(
    ("header", "expected"), [("gzip", True), ("deflate, gzip;q=0.5", True), ("gzip;q=0", False), ("br", False), ("", False)]
)
def test_gzip_only_where_it_is_asked_for(header: Any, expected: Any) -> None:
    assert takes_gzip(header) is expected
