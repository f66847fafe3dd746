"""Templates of labels and annotations, beside what Prometheus made of the same texts.

`templates.json` was recorded from promtool 3.5: what it expands each text to for one alert (`expanded`), and what it says of
texts that it refuses (`refused`; null: it takes them).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvmon.judge.alerts.texts import Outside, Texts, parse_text
from kvmon.judge.templates import TemplateError

RECORDED = json.loads((Path(__file__).parent / "templates.json").read_text())
LABELS = (("__name__", "v"), ("instance", "web:6379"), ("job", "j"))
OUTSIDE = Outside((("region", "eu"),), "http://k:9/x")
UP = [({"__name__": "up", "instance": "web:6379"}, 1.0), ({"__name__": "up", "instance": "db:1"}, 0.0)]


def query(expression: str) -> Sequence[tuple[Mapping[str, str], float]]:
    known: dict[str, Sequence[tuple[Mapping[str, str], float]]] = {"up": UP, "sum(up)": [({}, 1.0)], "nothing": []}
    if expression not in known:
        raise ValueError("1:5: parse error: unexpected end of input")
    return known[expression]


def expanded(text: str, *, rule: str = "A", value: float = 3.25) -> str:
    texts = Texts(rule, (), (("a", text),))
    return texts.found(LABELS, value, query=query, at=120_000, outside=OUTSIDE).annotations[0][1]


@pytest.mark.parametrize(("number", "text", "expected"), [(i, text, got) for i, (text, got) in enumerate(RECORDED["expanded"])])
def test_a_text_expands_as_in_prometheus(number: int, text: str, expected: str) -> None:
    assert expanded(text, rule=f"A{number}") == expected


@pytest.mark.parametrize(("text", "expected"), RECORDED["refused"])
def test_a_text_is_refused_as_in_prometheus(text: str, expected: str | None) -> None:
    if expected is None:
        parse_text("A", text)
        return
    with pytest.raises(TemplateError) as caught:
        parse_text("A", text)
    assert str(caught.value) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ toDuration 1899 }} {{ toDuration 0.000001 }} {{ toDuration 0 }} {{ toDuration -0.25 }}", "31m39s 1µs 0s -250ms"),
        ("{{ now }} {{ urlQueryEscape `a b&c` }}", "120 a+b%26c"),
        ("{{ externalURL }} {{ pathPrefix }}", "http://k:9/x /x"),
    ],
)
def test_functions_of_newer_versions(text: str, expected: str) -> None:
    assert expanded(text) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(float("inf"), "+Inf"), (float("nan"), "NaN"), (-0.0, "-0"), (95.123456789, "95.123456789"), (1e6, "1e+06")],
)
def test_a_value_is_written_as_go_does(value: float, expected: str) -> None:
    assert expanded("{{ $value }}", value=value) == expected


def test_labels_of_a_rule_may_use_the_result_and_an_empty_one_takes_the_label_away() -> None:
    texts = Texts("Down", (("job", ""), ("level", "{{ $labels.instance }}/{{ $labels.__name__ }}")), ())

    found = texts.found(LABELS, 1.0, query=query, at=0, outside=OUTSIDE)

    assert found.labels == (("alertname", "Down"), ("instance", "web:6379"), ("level", "web:6379/v"))


PIECES = st.sampled_from(
    ["{{", "}}", "{{-", "-}}", " ", "$x", ":=", "=", "if", "range", "end", "else", ".", ".a", "(", ")", "|", '"a"', "1", "1.5",
     "nil", "$labels", "$value", "humanize", "printf", "query", "eq", "text", "\n", ",", "define", "template", "`", "'", "/*"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=14).map("".join) | st.text(max_size=20).map(lambda text: "{{" + text + "}}"))
def test_any_text_is_expanded_or_refused(text: str) -> None:
    try:
        result = expanded(text)
    except TemplateError:
        return
    assert isinstance(result, str)


def test_a_text_that_would_never_end_is_stopped() -> None:
    endless = '{{ define "x" }}{{ template "x" }}{{ end }}{{ template "x" }}'
    deep = "{{" + "(" * 5000 + "1" + ")" * 5000 + "}}"

    assert "exceeded maximum template depth" in expanded(endless)
    with pytest.raises(TemplateError):
        parse_text("A", deep)
