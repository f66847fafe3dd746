"""All targets as lines of a screen, as wide as it is. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import gmtime, strftime

from rich.text import Text

from kvmon.cli.top.glyphs import Canvas, Glyphs, fit, said, spark
from kvmon.cli.top.rows import STATUSES, Row
from kvmon.cli.top.source import Frame
from kvmon.cli.top.state import State
from kvmon.tell.server.pages.texts import ago_text

STYLES = {"down": "bold red", "degraded": "bold yellow", "warning": "yellow", "unknown": "dim", "well": "green"}
LEAST = 1 / 3
"""Of the screen, what the words about troubles have at least; columns give way to them."""


@dataclass(frozen=True, slots=True)
class Column:
    """`order` is the word by which it sorts; those of a high `rank` are the first to go on a narrow screen."""

    title: str
    width: int
    order: str
    rank: int
    text: Callable[[Row, Glyphs], str]
    right: bool = True


PAST = Column("last 10 m", 20, "", 6, lambda row, glyphs: spark(row.line[-40::2], 20, glyphs), right=False)
COLUMNS = (
    Column("ops/s", 7, "commands", 2, lambda row, _: said(row.commands, "number")),
    PAST,
    Column("hits", 7, "hits", 4, lambda row, _: said(row.hit_ratio, "ratio")),
    Column("memory", 9, "memory", 3, lambda row, _: said(row.memory, "bytes")),
    Column("full", 7, "full", 5, lambda row, _: said(row.memory_ratio, "ratio")),
    Column("clients", 7, "clients", 7, lambda row, _: said(row.clients, "number")),
    Column("nodes", 8, "", 8, lambda row, _: row.nodes, right=False),
    Column("breakers", 13, "", 1, lambda row, _: row.breakers, right=False),
    Column("alerts", 6, "alerts", 9, lambda row, _: str(row.alerts or "-")),
)


def fleet(frame: Frame, rows: Sequence[Row], state: State, canvas: Canvas) -> list[Text]:
    """Exactly the lines of a screen."""
    width, height, glyphs = canvas.width, canvas.height, canvas.glyphs
    columns, name, rest = layout(width, rows)
    selected = next((at for at, row in enumerate(rows) if row.name == state.selected), 0)
    room = max(1, height - 4)
    first = min(max(0, len(rows) - room), max(0, selected - room // 2))
    lines = [heading(frame, state, canvas), _cut(_titles(columns, name, rest, state, glyphs), width)]
    for at, row in enumerate(rows[first : first + room], first):
        line = Text(glyphs.cursor if at == selected else " ")
        line.append(fit(row.name, name, glyphs), "bold")
        line.append(" " + fit(row.status, 8, glyphs), STYLES.get(row.status, ""))
        for column in columns:
            line.append(" " + fit(column.text(row, glyphs), column.width, glyphs, right=column.right))
        if rest:
            line.append(" " + fit(about(row, canvas.now), rest, glyphs))
        if at == selected:
            line.stylize("reverse")
        lines.append(_cut(line, width))
    if not rows:
        lines.append(Text(fit(" nothing matches" if state.query or frame.rows else " no targets", width, glyphs), "dim"))
    lines += [Text("")] * (height - 2 - len(lines))
    advice = ". ".join(filter(None, (rows[selected].what.rstrip("."), rows[selected].todo))) if rows else ""
    return [
        *lines[: height - 2],
        Text(fit(f" {advice}", width, glyphs), no_wrap=True),
        Text(fit(_help(state), width, glyphs), "dim"),
    ]


def layout(width: int, rows: Sequence[Row]) -> tuple[list[Column], int, int]:
    """The columns that there is room for, the width of names, and what is left for words."""
    name = min(max((len(row.name) for row in rows), default=0) + 1, max(8, width // 4)) if rows else 7
    left = width - 1 - max(7, name) - 9
    least = width * LEAST if any(row.what for row in rows) else 10
    columns: list[Column] = []
    for column in sorted(COLUMNS, key=lambda each: each.rank):
        if left - column.width - 1 > least:
            columns.append(column)
            left -= column.width + 1
    return [column for column in COLUMNS if column in columns], max(7, name), max(0, left - 1)


def about(row: Row, now: float) -> str:
    """Since when, and why: `3m5s writing fails: its memory is full`."""
    return f"{ago_text(now - row.since)} {row.what}" if row.since else row.what


def heading(frame: Frame, state: State, canvas: Canvas) -> Text:
    """How many are how, how old that is, and what is wrong with the daemon."""
    line = Text("kvmon", "bold")
    if not frame.at:
        line.append(f" {frame.failure or 'asks the daemon'}", "bold red" if frame.failure else "")
        return _cut(line, canvas.width)
    for status in STATUSES:
        count = sum(row.status == status for row in frame.rows)
        if count:
            line.append(f" {count} {status}", STYLES[status])
    alerts = sum(row.alerts for row in frame.rows)
    line.append(f" {alerts} alerts" if alerts != 1 else " 1 alert", "bold red" if alerts else "dim")
    line.append(strftime(" %H:%M:%S UTC", gmtime(frame.at)), "dim")
    if frame.failure:
        line.append(f" stale: {frame.failure}", "bold red")
    if state.query or state.typing:
        line.append(f" /{state.query}{'_' if state.typing else ''}", "bold")
    return _cut(line, canvas.width)


def _titles(columns: Sequence[Column], name: int, rest: int, state: State, glyphs: Glyphs) -> Text:
    heads = [("target", name, "name", False), ("status", 8, "trouble", False)]
    heads += [(column.title, column.width, column.order, column.right) for column in columns]
    line = Text("")
    for title, width, order, right in [*heads, ("since, why", rest, "", False)]:
        line.append(" ").append(fit(title, width, glyphs, right=right), "bold reverse" if order == state.order else "bold")
    return line


def _help(state: State) -> str:
    if state.typing:
        return "Enter keeps the filter, Esc drops it"
    turned = ", backwards" if state.backwards else ""
    return f"q quit, Enter look into, s sort, r reverse, / filter, ? help | by {state.order}{turned}"


def _cut(line: Text, width: int) -> Text:
    line.truncate(width, overflow="crop")
    line.no_wrap = True
    return line


def lines_of(rows: Sequence[Row], now: float) -> list[tuple[str, ...]]:
    """The table where no screen is: whole words, no lines of the past."""
    head = ("target", "status", *(column.title for column in COLUMNS if column is not PAST), "since, why")
    return [
        head,
        *(
            (row.name, row.status, *(column.text(row, _NONE) for column in COLUMNS if column is not PAST), about(row, now))
            for row in rows
        ),
    ]


_NONE = Glyphs("", "", "", "")
HELP: Mapping[str, str] = {
    "up, down, k, j": "choose a target; PgUp, PgDn, Home, End go further",
    "Enter": "look into it; Esc or Left goes back",
    "s, >, <": "sort by the next column, or the one before",
    "r": "the other way round",
    "/": "show what has these words in its name, status or trouble",
    "q, Ctrl-C": "quit",
}
