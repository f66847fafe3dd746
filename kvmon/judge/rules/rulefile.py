"""Prometheus' rule files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from kvmon.errors import ConfigError, PromqlError
from kvmon.judge.alerts.texts import parse_text
from kvmon.judge.promql import Query, parse
from kvmon.judge.rules.document import Document, Refused, line_of
from kvmon.judge.templates import TemplateError
from kvmon.model.alert import Labels

GROUP = ("name", "interval", "query_offset", "limit", "labels", "rules")
RULE = ("record", "alert", "expr", "for", "keep_firing_for", "labels", "annotations")


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule; `expr` is the text of its query, `labels` include those of its group, `hold` is its `for`. Spans are ms."""

    name: str
    alerts: bool
    query: Query = field(compare=False)
    expr: str
    labels: Labels = ()
    annotations: Labels = ()
    hold: int = 0
    keep_firing: int = 0
    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Group:
    """Rules that are evaluated together, one after the other. Spans are milliseconds; `interval` 0: the general one."""

    name: str
    file: str
    rules: tuple[Rule, ...]
    interval: int = 0
    query_offset: int = 0
    limit: int = 0
    labels: Labels = ()

    @property
    def key(self) -> tuple[str, str]:
        """Which group it is, through all its changes."""
        return self.file, self.name


def read_file(path: str, *, name: str | None = None) -> tuple[Group, ...]:
    """The groups of a file. Raises Refused with everything that is wrong in it; `name` stands for it in errors."""
    try:
        text = Path(path).read_text()
    except (OSError, ValueError) as error:
        why = (error.strerror or str(error)) if isinstance(error, OSError) else "it is no text (UTF-8)"
        raise Refused([ConfigError(f"cannot read it: {why}", where=name or path)]) from None
    return read_rules(name or path, text)


def read_rules(file: str, text: str) -> tuple[Group, ...]:
    """The groups of a file with this text. Raises Refused."""
    document = Document(file, text)
    groups: dict[str, Group] = {}
    for node in document.items(document.fields(document.root, ("groups",), "a rule file").get("groups"), "groups"):
        group = _group(document, node)
        if not group.name:
            document.add("Groupname must not be empty", node)
        elif group.name in groups:
            document.add(f'groupname: "{group.name}" is repeated in the same file', node)
        groups[group.name] = group
    document.raise_any()
    return tuple(groups.values())


def _group(document: Document, node: yaml.Node) -> Group:
    given = document.fields(node, GROUP, "a group")
    name = document.text(given.get("name"), "name")
    labels, lines = document.texts(given.get("labels"), "label")
    _check_labels(document, labels, lines, f'group "{name}"')
    rules = []
    for number, rule in enumerate(document.items(given.get("rules"), "rules"), 1):
        made = _Rule(document, name, number, rule).read(labels)
        if made is not None:
            rules.append(made)
    return Group(
        name=name,
        file=document.file,
        rules=tuple(rules),
        interval=document.duration(given.get("interval"), "interval"),
        query_offset=document.duration(given.get("query_offset"), "query_offset"),
        limit=document.count(given.get("limit"), "limit"),
        labels=labels,
    )


class _Rule:
    """One rule on its way from a node; mistakes go to the document."""

    def __init__(self, document: Document, group: str, number: int, node: yaml.Node) -> None:
        self._document = document
        self._line = line_of(node)
        self._given = document.fields(node, RULE, "a rule")
        self._alert = document.text(self._given.get("alert"), "alert")
        self._record = document.text(self._given.get("record"), "record")
        self._place = f'group "{group}", rule {number}, "{self._alert or self._record}"'

    def read(self, common: Labels) -> Rule | None:
        """The rule; None where it is too wrong to be one."""
        document, given = self._document, self._given
        if self._alert and self._record:
            self._add("only one of 'record' and 'alert' must be set", given["record"])
        elif not self._alert and not self._record:
            self._add("one of 'record' or 'alert' must be set")
        query = self._query()
        labels, lines = document.texts(given.get("labels"), "label")
        annotations, annotation_lines = document.texts(given.get("annotations"), "annotation")
        _check_labels(document, labels, lines, self._place)
        if self._record:
            self._check_recording()
        if self._alert:
            self._check_texts("label", labels, lines)
            self._check_texts("annotation", annotations, annotation_lines)
        for name, line in annotation_lines.items():
            if not name:
                self._add(f"invalid annotation name: {name}", line)
        hold = document.duration(given.get("for"), "for")
        keep_firing = document.duration(given.get("keep_firing_for"), "keep_firing_for")
        if query is None:
            return None
        merged = tuple(sorted({**dict(common), **dict(labels)}.items()))
        return Rule(
            self._alert or self._record,
            bool(self._alert),
            query,
            query.text,
            merged,
            annotations,
            hold,
            keep_firing,
            line=self._line,
        )

    def _query(self) -> Query | None:
        node = self._given.get("expr")
        text = self._document.text(node, "expr")
        if not text:
            self._add("field 'expr' must be set in rule")
            return None
        try:
            return parse(text)
        except PromqlError as error:
            hint = (
                'a value is a number: compare texts with a matcher, {label="text"}'
                if "must contain only scalar" in str(error)
                else ""
            )
            self._add(f"could not parse expression: {error}", node, hint=hint)
        return None

    def _check_recording(self) -> None:
        for name in ("annotations", "for", "keep_firing_for"):
            if name in self._given:
                self._add(f"invalid field '{name}' in recording rule", self._given[name])
        if "{" in self._record or "}" in self._record:
            self._add(f"braces present in the recording rule name; should it be in expr?: {self._record}", self._given["record"])

    def _check_texts(self, kind: str, texts: Labels, lines: Mapping[str, int]) -> None:
        for name, text in texts:
            try:
                parse_text(self._alert, text)
            except TemplateError as error:
                self._add(f'{kind} "{name}": {error}', lines[name])

    def _add(self, problem: str, node: yaml.Node | int | None = None, *, hint: str = "") -> None:
        self._document.add(f"{self._place}: {problem}", self._line if node is None else node, hint=hint)


def _check_labels(document: Document, labels: Labels, lines: Mapping[str, int], place: str) -> None:
    for name, _ in labels:
        if not name or name == "__name__":
            document.add(f"{place}: invalid label name: {name}", lines[name])
