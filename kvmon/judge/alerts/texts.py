"""The templates in the labels and annotations of a rule."""

from __future__ import annotations

from dataclasses import dataclass

from kvmon.judge.alerts.functions import NAMES, Query, functions
from kvmon.judge.alerts.lifecycle import Found
from kvmon.judge.templates import Struct, Template, TemplateError, expand, parse
from kvmon.judge.templates.builtins import BUILTINS
from kvmon.judge.templates.values import Zero
from kvmon.model.alert import Labels

DEFINITIONS = "{{$labels := .Labels}}{{$externalLabels := .ExternalLabels}}{{$externalURL := .ExternalURL}}{{$value := .Value}}"
"""Stands before every text, as in Prometheus: places in errors count it."""

_TYPE = "struct { Labels map[string]string; ExternalLabels map[string]string; ExternalURL string; Value interface {} }"
_KNOWN = NAMES | BUILTINS.keys()


def parse_text(rule: str, text: str) -> Template:
    """The template of a label or annotation of this rule. Raises TemplateError."""
    return parse(f"__alert_{rule}", DEFINITIONS + text, _KNOWN)


@dataclass(frozen=True, slots=True)
class Outside:
    """What templates may know besides the result: labels of this Prometheus or kvmon, and where its page is."""

    labels: Labels = ()
    url: str = ""


class Texts:
    """The templates of one rule, parsed once. Raises TemplateError."""

    def __init__(self, rule: str, labels: Labels, annotations: Labels) -> None:
        self._rule = rule
        self._labels = [(name, _prepared(rule, text)) for name, text in labels]
        self._annotations = [(name, _prepared(rule, text)) for name, text in annotations]

    def found(self, labels: Labels, value: float, *, query: Query, at: int, outside: Outside) -> Found:
        """The alert that a result of the expression stands for. An error of a template stands in its place."""
        known = functions(query, at=at / 1000, external_url=outside.url)
        data = Struct(
            _TYPE,
            {
                "Labels": Zero(labels),
                "ExternalLabels": Zero(outside.labels),
                "ExternalURL": outside.url,
                "Value": value,
            },
        )

        def filled(text: str | Template) -> str:
            if isinstance(text, str):
                return text
            try:
                return expand(text, data, known)
            except TemplateError as error:
                return f"<error expanding template: error executing template {text.name}: {error}>"

        own = {name: text for name, text in labels if name != "__name__"}
        own.update((name, filled(text)) for name, text in self._labels)
        own["alertname"] = self._rule
        return Found(
            tuple(sorted((name, text) for name, text in own.items() if text)),
            tuple((name, filled(text)) for name, text in self._annotations),
            value,
        )


def _prepared(rule: str, text: str) -> str | Template:
    """What has no action needs no template."""
    return parse_text(rule, text) if "{{" in text else text
