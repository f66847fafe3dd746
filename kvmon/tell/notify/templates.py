"""Alertmanager's templates: its functions, the names of its default ones, and those of files that a configuration names."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import PurePath
from typing import Annotated, Any
from urllib.parse import unquote_plus

from pydantic import AfterValidator

from kvmon.judge.alerts.functions import PURE
from kvmon.judge.templates import Function, Struct, Template, TemplateError, expand, parse, together
from kvmon.judge.templates.builtins import BUILTINS, LAZY
from kvmon.judge.templates.times import between, formatted
from kvmon.tell.notify.intervals import zone
from kvmon.tell.notify.payload import Payload
from kvmon.tell.notify.template_data import data_of, documents, to_json
from kvmon.tell.notify.texts import listing, page, subject

DEFAULTS = "".join(
    f'{{{{ define "{name}" }}}}{text}{{{{ end }}}}'
    for name, text in {
        "__subject": "{{ subject }}", "__alertmanager": "Alertmanager", "__alertmanagerURL": "{{ page }}",
        "__description": "", "__text_alert_list": "{{ listing . }}",
        "slack.default.title": '{{ template "__subject" . }}', "slack.default.username": '{{ template "__alertmanager" . }}',
        "slack.default.titlelink": '{{ template "__alertmanagerURL" . }}',
        "slack.default.fallback": '{{ template "slack.default.title" . }} | {{ template "slack.default.titlelink" . }}',
        "slack.default.color": '{{ if eq .Status "firing" }}danger{{ else }}good{{ end }}',
        "slack.default.pretext": "", "slack.default.text": "", "slack.default.footer": "",
        "slack.default.iconemoji": "", "slack.default.iconurl": "",
        "pagerduty.default.description": '{{ template "__subject" . }}',
        "pagerduty.default.client": '{{ template "__alertmanager" . }}',
        "pagerduty.default.clientURL": '{{ template "__alertmanagerURL" . }}',
        "pagerduty.default.instances": '{{ template "__text_alert_list" . }}',
        "email.default.subject": '{{ template "__subject" . }}',
    }.items()
)  # fmt: skip
"""What a text may include by `template`, under Alertmanager's names."""

SHARED = ("toUpper", "toLower", "title", "match", "reReplaceAll", "safeHtml", "humanizeDuration")
"""Functions that rules have too."""

FUNCTIONS: Mapping[str, Function] = {
    **{name: PURE[name] for name in SHARED},
    "trimSpace": Function(str.strip, ("string",)),
    "join": Function(lambda separator, parts: separator.join(parts), ("string", "vector")),
    "stringSlice": Function(lambda *parts: list(parts), (), "string"),
    "list": Function(lambda *parts: list(parts), (), "any"),
    "append": Function(lambda some, *more: [*some, *more], ("vector",), "any"),
    "dict": Function(lambda *words: _dict(words), (), "any"),
    "toJson": Function(to_json, ("any",)),
    "safeUrl": Function(lambda text: text, ("string",)),
    "urlUnescape": Function(unquote_plus, ("string",)),
    "date": Function(lambda layout, at: formatted(at, layout), ("string", "any")),
    "tz": Function(lambda name, at: at.astimezone(zone(name)), ("string", "any")),
}

OWN = ("subject", "page", "listing", "since")
"""Functions that know the message, or what time it is; all but the last are for the default texts."""


@dataclass(frozen=True, slots=True)
class Library:
    """Templates that texts may include by name."""

    defined: Mapping[str, Template] = field(default_factory=dict)

    @classmethod
    def of_files(cls, files: Iterable[tuple[str, str]]) -> Library:
        """Alertmanager's own, and those of files (path and text); later ones replace earlier ones. Raises TemplateError."""
        found = dict(alertmanagers().defined)
        for path, text in files:
            read = _parsed(PurePath(path).name, text)
            found = together(found, read.defined, {read.name: read})
        return cls(found)

    def writer(self, message: Payload, at: float) -> Callable[[str], str]:
        """Writes what texts become for a message at a time (wall seconds)."""
        data: list[Struct] = []
        functions = {
            **FUNCTIONS,
            "subject": Function(lambda: subject(message)),
            "page": Function(lambda: page(message)),
            "listing": Function(lambda alerts: listing(documents(alerts, message)), ("vector",)),
            "since": Function(lambda moment: between(moment, datetime.fromtimestamp(at, UTC)), ("any",)),
        }

        def write(text: str) -> str:
            # What goes wrong stands in the text: a message is not lost by it.
            if "{{" not in text:
                return text
            if not data:
                data.append(data_of(message))
            read = _parsed("text", text)
            try:
                return expand(Template("text", "text", text, read.body, together(self.defined, read.defined)), data[0], functions)
            except TemplateError as error:
                return f"<error expanding template: {error}>"

        return write


@lru_cache(maxsize=1)
def alertmanagers() -> Library:
    """What there is where no files are named."""
    return Library(parse("default.tmpl", DEFAULTS, _NAMES).defined)


def _checked(text: str) -> str:
    if "{{" in text:
        try:
            _parsed("text", text)
        except TemplateError as error:
            raise ValueError(str(error)) from None
    return text


Text = Annotated[str, AfterValidator(_checked)]
"""A text that may hold template actions."""

_NAMES = frozenset({*BUILTINS, *LAZY, *FUNCTIONS, *OWN})


@lru_cache(maxsize=1024)
def _parsed(name: str, text: str) -> Template:
    return parse(name, text, _NAMES)


def _dict(words: tuple[Any, ...]) -> dict[str, Any]:
    if len(words) % 2 or not all(isinstance(word, str) for word in words[::2]):
        raise ValueError("dict requires an even number of arguments" if len(words) % 2 else "dict keys must be strings")
    return dict(zip(words[::2], words[1::2], strict=True))
