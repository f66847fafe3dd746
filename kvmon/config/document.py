"""A YAML file as plain values that know their lines."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path as FilePath
from typing import Any

import yaml
from yaml.constructor import SafeConstructor

from kvmon.config.expand import expand
from kvmon.config.files import beside, read_text
from kvmon.config.mistakes import Ledger
from kvmon.config.source import Path, Source, spelled
from kvmon.errors import ConfigError
from kvmon.yaml_loader import LOADER

NODES = 200_000
"""Values in a document, aliases counted each time: a few nested aliases are enough to fill any memory otherwise."""

DEPTH = 40

_CONSTRUCTOR = SafeConstructor()
_PLAIN = {f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float")}
_TEXT = {"tag:yaml.org,2002:str", "tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:value"}


def read_document(path: str, environ: Mapping[str, str], ledger: Ledger) -> Source:
    """The values of a file with its references expanded. Mistakes go to the ledger; what is wrong is left out."""
    source = Source(places={(): path}, files=[path])
    try:
        root = _compose(path)
        if isinstance(root, yaml.MappingNode):
            source.value = _Walk(path, environ, ledger, source).value(root, ())
        elif root is not None:
            ledger.add("a configuration is a mapping of keys to values", where=f"{path}:{root.start_mark.line + 1}")
    except ConfigError as error:
        ledger.add(error.message, where=error.where, hint=error.hint)
    except (_TooLarge, RecursionError):
        ledger.add("the document is too deep or too large: aliases may refer to themselves", where=path)
    return source


def _compose(path: str) -> yaml.Node | None:
    """The nodes of a file, None if it is empty. Raises ConfigError."""
    try:
        node: yaml.Node | None = yaml.compose(read_text(path), Loader=LOADER)
    except ValueError as error:
        raise ConfigError(str(error), hint="name the file with --config") from None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = f":{mark.line + 1}" if mark else ""
        problem = error.problem or error.context or "something is wrong"
        raise ConfigError(f"this is no YAML: {problem}", where=f"{path}{line}") from None
    except yaml.YAMLError:
        raise ConfigError("this is no YAML: it holds a character that no text has", where=path) from None
    return node


class _TooLarge(Exception):
    """The walk ends here."""


class _Walk:
    """One pass over the composed nodes."""

    def __init__(self, file: str, environ: Mapping[str, str], ledger: Ledger, source: Source) -> None:
        self._file = file
        self._environ = environ
        self._ledger = ledger
        self._source = source
        self._left = NODES

    def value(self, node: yaml.Node, path: Path) -> Any:
        place = self._place(node)
        self._source.places.setdefault(path, place)
        self._left -= 1
        if self._left < 0 or len(path) > DEPTH:
            raise _TooLarge
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(child, (*path, index)) for index, child in enumerate(node.value)]
        return self._scalar(node, path)

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, child in node.value:
            place = self._place(key)
            if not isinstance(key, yaml.ScalarNode) or key.tag == "tag:yaml.org,2002:merge":
                self._ledger.add("a key has to be a word; merge keys (<<) are not supported", where=place)
                continue
            name = str(key.value)
            if name in found:
                first = self._source.where((*path, name))
                self._ledger.add(f"the key {name!r} stands here a second time", where=place, hint=f"the first is at {first}")
                continue
            self._source.places[*path, name] = place
            found[name] = self.value(child, (*path, name))
        return found

    def _scalar(self, node: yaml.Node, path: Path) -> Any:
        # To YAML 1.1 17:00 is a number to the base of 60; nobody who writes it means that.
        if node.tag in _PLAIN and ":" not in node.value:
            try:
                return _CONSTRUCTOR.construct_object(node)
            except (ValueError, KeyError):
                return str(node.value)
        if node.tag not in _TEXT | _PLAIN:
            self._ledger.add(f"{spelled(path)}: the tag {node.tag} is not supported", where=self._place(node))
            return None
        return self._text(str(node.value), path, self._place(node))

    def _text(self, text: str, path: Path, place: str) -> str:
        if "${" not in text:
            return text
        try:
            used: list[str] = []
            expanded = expand(text, self._environ, self._read, used=used)
        except ValueError as error:
            self._ledger.add(f"{spelled(path)}: {error}", where=place)
            self._source.broken.add(path)
            return text
        self._source.expanded[path] = (text, tuple(used))
        return expanded

    def _read(self, name: str) -> str:
        path = beside(name, str(FilePath(self._file).parent))
        content = read_text(path)
        self._source.files.append(path)
        return content

    def _place(self, node: yaml.Node) -> str:
        return f"{self._file}:{node.start_mark.line + 1}"
