"""What is shown, and what a key does to that. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from kvmon.cli.top.rows import ORDERS

PAGE = 10
"""Rows that PgUp and PgDn go."""


@dataclass(frozen=True, slots=True)
class State:
    """`opened` is the target that is shown alone, `selected` the row under the cursor, `scroll` lines above the screen."""

    opened: str | None = None
    selected: str | None = None
    order: str = "trouble"
    backwards: bool = False
    query: str = ""
    typing: bool = False
    helping: bool = False
    scroll: int = 0
    over: bool = False


def press(state: State, key: str, names: Sequence[str]) -> State:
    """The state after a key, while rows of these names are shown in this order."""
    if state.typing:
        return _typed(state, key)
    if state.helping or key in ("?", "h"):
        return replace(state, helping=not state.helping)
    if key == "q":
        return replace(state, over=True)
    return _reading(state, key) if state.opened is not None else _choosing(state, key, names)


def _choosing(state: State, key: str, names: Sequence[str]) -> State:
    """Keys while all targets are shown."""
    if key in ("up", "down", "k", "j", "pageup", "pagedown", "home", "end"):
        return replace(state, selected=_moved(state.selected, key, names))
    if key == "enter" and names:
        return replace(state, opened=state.selected if state.selected in names else names[0], scroll=0)
    return _arranged(state, key)


def _arranged(state: State, key: str) -> State:
    """Other rows, or in another order."""
    orders = list(ORDERS)
    match key:
        case "s" | "right" | ">":
            return replace(state, order=orders[(orders.index(state.order) + 1) % len(orders)], backwards=False)
        case "left" | "<":
            return replace(state, order=orders[orders.index(state.order) - 1], backwards=False)
        case "r":
            return replace(state, backwards=not state.backwards)
        case "/":
            return replace(state, typing=True)
        case "escape":
            return replace(state, query="")
        case _:
            return state


def _typed(state: State, key: str) -> State:
    match key:
        case "enter":
            return replace(state, typing=False)
        case "escape":
            return replace(state, typing=False, query="")
        case "backspace":
            return replace(state, query=state.query[:-1])
        case _ if len(key) == 1:
            return replace(state, query=(state.query + key)[:60])
        case _:
            return state


def _reading(state: State, key: str) -> State:
    """Keys while one target is shown."""
    steps = {"up": -1, "k": -1, "down": 1, "j": 1, "pageup": -PAGE, "pagedown": PAGE, "home": -(1 << 20)}
    if key in ("escape", "backspace", "left", "enter"):
        return replace(state, opened=None, selected=state.opened, scroll=0)
    return replace(state, scroll=max(0, state.scroll + steps.get(key, 0)))


def _moved(selected: str | None, key: str, names: Sequence[str]) -> str | None:
    if not names:
        return None
    at = names.index(selected) if selected in names else 0
    steps = {"up": -1, "k": -1, "down": 1, "j": 1, "pageup": -PAGE, "pagedown": PAGE, "home": -len(names), "end": len(names)}
    return names[min(len(names) - 1, max(0, at + steps[key]))]
