"""What `kvmon top` draws and does with keys, without a terminal."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvmon.cli.top import ORDERS as WORDS
from kvmon.cli.top.detail import detail
from kvmon.cli.top.fleet import fleet
from kvmon.cli.top.glyphs import ASCII, UNICODE, Canvas, Glyphs, fit, spark
from kvmon.cli.top.keyboard import NAMES, keys_of
from kvmon.cli.top.rows import ORDERS, Row, ordered
from kvmon.cli.top.source import Frame
from kvmon.cli.top.state import State, press

KEYS = st.one_of(st.sampled_from(sorted(set(NAMES.values()))), st.sampled_from(list("qsrjk/?<>xyz")))


def row(name: str, status: str = "well", since: float | None = None, **numbers: float | None) -> Row:
    known = {"commands": None, "hit_ratio": None, "memory": None, "limit": None, "clients": None, **numbers}
    what = "" if status == "well" else "writing fails: its memory is full"
    return Row(name, status, False, since, what, "", nodes="1p 2r", breakers="r ok", alerts=0, line=(1.0, None, 3.0), **known)


ROWS = [
    row("old", "down", 100.0, commands=5.0, memory=10.0, limit=20.0),
    row("new", "down", 200.0, commands=None, hit_ratio=0.5),
    row("fine", commands=7.0, hit_ratio=0.1),
    row("warned", "warning", 50.0, memory=30.0),
]


@pytest.mark.parametrize(
    ("order", "names"),
    [
        ("trouble", "new old warned fine"),
        ("name", "fine new old warned"),
        ("commands", "fine old new warned"),
        ("hits", "fine new old warned"),
        ("memory", "warned old fine new"),
        ("full", "old fine new warned"),
    ],
)
def test_rows_are_sorted(order: str, names: str) -> None:
    assert [each.name for each in ordered(ROWS, order)] == names.split()


def test_rows_are_found_by_words_and_every_order_has_its_word() -> None:
    assert [each.name for each in ordered(ROWS, "trouble", query="DOWN full")] == ["new", "old"]
    assert ordered(ROWS, "trouble", query="nobody") == []
    assert tuple(ORDERS) == WORDS


@given(st.lists(KEYS, max_size=40), st.integers(1, 200), st.integers(3, 60), st.sampled_from([UNICODE, ASCII]))
def test_whatever_is_typed_on_whatever_screen_it_is_filled_and_not_more(
    keys: list[str], width: int, height: int, glyphs: Glyphs
) -> None:
    state = State()
    frame = Frame(ROWS, at=1.0)
    for key in keys:
        shown = ordered(frame.rows, state.order, backwards=state.backwards, query=state.query)
        state = press(state, key, [each.name for each in shown])
        assert state.opened is None or state.opened in {each.name for each in ROWS}
    shown = ordered(frame.rows, state.order, backwards=state.backwards, query=state.query)
    lines = fleet(frame, shown, state, Canvas(width, height, glyphs, 300.0))
    assert len(lines) == height
    assert all(line.cell_len <= width for line in lines)
    if glyphs is ASCII:
        assert all(line.plain.isascii() for line in lines)


def test_the_cursor_follows_its_target_through_a_thousand() -> None:
    rows = [row(f"t{number:04}") for number in range(1000)]
    names = [each.name for each in rows]
    state = State()
    for key in ("end", "up", "up"):
        state = press(state, key, names)
    lines = fleet(Frame(rows, at=1.0), rows, state, Canvas(80, 24, UNICODE, 1.0))
    assert state.selected == "t0997"
    assert [line.plain[1:6] for line in lines if line.plain.startswith(UNICODE.cursor)] == ["t0997"]


@given(st.text(max_size=40))
def test_keys_are_words_or_characters(text: str) -> None:
    for key in keys_of(text):
        assert key in NAMES.values() or (len(key) == 1 and key.isprintable())


def test_sequences_of_terminals_are_keys() -> None:
    assert list(keys_of("\x1b[Aq\x1bOB\x1b[5~\x1b[99;5~\r\x7f\x1b")) == [
        "up",
        "q",
        "down",
        "pageup",
        "enter",
        "backspace",
        "escape",
    ]


@given(st.text(max_size=30), st.integers(0, 40))
def test_a_cell_is_as_wide_as_it_should_be(text: str, width: int) -> None:
    from rich.cells import cell_len

    assert cell_len(fit(text, width, UNICODE)) == width


@given(st.lists(st.one_of(st.none(), st.floats(0, 1e12)), max_size=80), st.integers(1, 60))
def test_a_line_of_the_past_is_as_wide_as_it_should_be(values: list[float | None], width: int) -> None:
    assert len(spark(values, width, UNICODE)) == width
    assert spark([0.0, None, 4.0], 3, UNICODE) == "▁ █"
    assert spark([2.0, 4.0], 2, ASCII, most=8.0)[-1] in ASCII.steps[3:5]


@pytest.mark.parametrize("width", [10, 40, 120])
def test_markup_and_control_characters_of_others_are_text(width: int) -> None:
    evil = "[bold]x[/] \x1b[2J\x07 <b>"
    document = {
        "name": "it", "status": "down", "provider": "self-hosted", "critical": True, "memory_limit_bytes": None, "lines": {},
        "troubles": [{"status": "down", "what": evil, "since": None, "todo": evil, "runbook": evil}],
        "alerts": [{"name": "A", "severity": evil, "state": "firing", "since": None, "summary": evil, "silenced": True}],
        "nodes": [
            {
                "instance": "h:1", "role": "primary", "status": "down", "version": None, "memory_used_bytes": None,
                "commands_per_second": None, "replication_lag_seconds": None, "why": evil,
                "capabilities": {"slowlog": {"status": "denied", "why": evil, "without": []}},
                "failures": [{"collector": "acl", "reason": "denied", "message": evil}],
            }
        ],
        "topology": {"nodes": [{"instance": "h:1", "slots": [[0, 5]]}]},
        "breakers": [
            {
                "op": "read", "shard": "", "state": "open", "advice": "deny", "reason_class": None, "mode": "forced_open",
                "since": None, "override": {"by": evil, "reason": evil},
            }
        ],
        "slowlog": [{"seconds": 1.0, "command": evil, "arguments": 1, "instance": "h:1", "at": None}],
        "events": [{"at": "2026-01-02T03:04:05.000Z", "text": evil}],
    }  # fmt: skip
    lines = detail(document, Canvas(width, 20, UNICODE, 1.0))
    text = "\n".join(line.plain for line in lines)
    assert not any(character < " " and character != "\n" for character in text)
    assert all(line.cell_len <= width for line in lines)
    if width > 100:
        assert text.count("[bold]x[/] ?[2J? <b>") >= 9
