"""A YAML file read as strictly as Prometheus does: every key known, every value of its type, every mistake with its line."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from difflib import get_close_matches

import yaml

from kvmon.errors import ConfigError, UsageError
from kvmon.judge.alerts.durations import parse_duration
from kvmon.model.alert import Labels
from kvmon.yaml_loader import LOADER

DEPTH = 60

_NULL = "tag:yaml.org,2002:null"
_MERGE = "tag:yaml.org,2002:merge"


class Refused(UsageError):
    """A file with everything that is wrong in it; its text has a line for each mistake."""

    def __init__(self, errors: Collection[ConfigError]) -> None:
        self.errors = tuple(errors)
        super().__init__("\n".join(str(error) for error in self.errors))


class Document:
    """One file: its nodes as plain values, and the mistakes found on the way."""

    def __init__(self, file: str, text: str) -> None:
        """Raises Refused for what is no YAML."""
        self.file = file
        self.errors: list[ConfigError] = []
        try:
            self.root = next(iter(yaml.compose_all(text, Loader=LOADER)), None)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line = mark.line + 1 if mark else 1
            raise Refused([ConfigError(f"this is no YAML: {error.problem or error.context}", where=f"{file}:{line}")]) from None
        except (yaml.YAMLError, RecursionError):
            raise Refused([ConfigError("this is no YAML", where=file)]) from None
        _bounded(self.root, file, 0)

    def add(self, message: str, node: yaml.Node | int | None = None, *, hint: str = "") -> None:
        """One more mistake, at a node or a line."""
        line = node if isinstance(node, int) else line_of(node) if node is not None else 0
        self.errors.append(ConfigError(message, where=f"{self.file}:{line}" if line else self.file, hint=hint))

    def raise_any(self) -> None:
        """Raise Refused if there is a mistake."""
        if self.errors:
            raise Refused(self.errors)

    def fields(self, node: yaml.Node | None, known: Collection[str], what: str) -> Mapping[str, yaml.Node]:
        """The values of a mapping by key; unknown keys and keys that stand twice are mistakes."""
        found: dict[str, yaml.Node] = {}
        for name, key, value in self._pairs(node, what):
            if name not in known:
                close = get_close_matches(name, known, n=1)
                hint = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(known)}"
                self.add(f"unknown key {name!r} in {what}", key, hint=hint)
            elif not is_null(value):
                found[name] = value
        return found

    def texts(self, node: yaml.Node | None, what: str) -> tuple[Labels, Mapping[str, int]]:
        """A mapping of names to texts, sorted by name, and the line of each."""
        found: dict[str, str] = {}
        lines: dict[str, int] = {}
        for name, key, value in self._pairs(node, what):
            found[name] = self.text(value, f"{what} {name!r}")
            lines[name] = line_of(key)
        return tuple(sorted(found.items())), lines

    def _pairs(self, node: yaml.Node | None, what: str) -> list[tuple[str, yaml.Node, yaml.Node]]:
        if node is None or is_null(node):
            return []
        if not isinstance(node, yaml.MappingNode):
            self.add(f"{what} has to be a mapping of keys to values", node)
            return []
        found: dict[str, tuple[yaml.Node, yaml.Node]] = {}
        merged: list[tuple[str, yaml.Node, yaml.Node]] = []
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                self.add(f"a key of {what} has to be a word", key)
            elif key.tag == _MERGE:
                for part in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                    merged += self._pairs(part, what)
            elif key.value in found:
                first = line_of(found[key.value][0])
                self.add(f"the key {key.value!r} stands here a second time", key, hint=f"the first is in line {first}")
            else:
                found[key.value] = (key, value)
        return [
            *[(name, key, value) for name, (key, value) in found.items()],
            *[one for one in merged if one[0] not in found],
        ]

    def items(self, node: yaml.Node | None, what: str) -> list[yaml.Node]:
        """The items of a list."""
        if node is None or is_null(node):
            return []
        if not isinstance(node, yaml.SequenceNode):
            self.add(f"{what} has to be a list", node)
            return []
        return list(node.value)

    def text(self, node: yaml.Node | None, what: str) -> str:
        """A text; numbers and truth values count as written."""
        if node is None or is_null(node):
            return ""
        if not isinstance(node, yaml.ScalarNode):
            self.add(f"{what} has to be a text", node)
            return ""
        return str(node.value)

    def number(self, node: yaml.Node | None, what: str) -> float:
        """A number, 0 for none."""
        text = self.text(node, what)
        if text == "":
            return 0.0
        plain = text.replace("_", "").lower()
        if plain.lstrip("+-") in (".inf", ".nan"):  # YAML's own; a bare NaN is a text to it
            return float(plain.replace(".", ""))
        try:
            if not plain.lstrip("+-").startswith(("inf", "nan")):
                return float(plain)
        except ValueError:
            pass
        self.add(f"{what} has to be a number, not {text!r}", node)
        return 0.0

    def count(self, node: yaml.Node | None, what: str) -> int:
        """A whole number, 0 for none."""
        number = self.number(node, what)
        if number != number // 1 or abs(number) == float("inf"):
            self.add(f"{what} has to be a whole number", node)
            return 0
        return int(number)

    def flag(self, node: yaml.Node | None, what: str) -> bool:
        """True or false; false for none."""
        text = self.text(node, what)
        if text.lower() not in ("", "true", "false", "yes", "no", "on", "off"):
            self.add(f"{what} has to be true or false, not {text!r}", node)
        return text.lower() in ("true", "yes", "on")

    def duration(self, node: yaml.Node | None, what: str) -> int:
        """Milliseconds, 0 for none."""
        if node is None or is_null(node):
            return 0
        try:
            return parse_duration(self.text(node, what))
        except ValueError as error:
            self.add(f"{what}: {error}", node)
            return 0


def line_of(node: yaml.Node) -> int:
    """Where a node begins, counted from 1."""
    return int(node.start_mark.line) + 1


def is_null(node: yaml.Node) -> bool:
    """Whether it says nothing."""
    return isinstance(node, yaml.ScalarNode) and node.tag == _NULL


def _bounded(node: yaml.Node | None, file: str, depth: int) -> None:
    """Aliases may make a document that refers to itself."""
    if depth > DEPTH:
        raise Refused([ConfigError("the document is too deep: aliases may refer to themselves", where=file)])
    if isinstance(node, yaml.SequenceNode):
        for child in node.value:
            _bounded(child, file, depth + 1)
    elif isinstance(node, yaml.MappingNode):
        for key, child in node.value:
            _bounded(key, file, depth + 1)
            _bounded(child, file, depth + 1)
