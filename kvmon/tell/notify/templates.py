"""Alertmanager's templates: its data, its functions, and the names of its default ones."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Annotated, Any

from pydantic import AfterValidator

from kvmon.judge.alerts.functions import PURE
from kvmon.judge.templates import Function, Methods, Struct, Template, TemplateError, Zero, expand, parse
from kvmon.judge.templates.builtins import BUILTINS, LAZY
from kvmon.tell.notify.payload import AlertDocument, Payload
from kvmon.tell.notify.texts import listing, page, subject

DEFAULTS = "".join(
    f'{{{{ define "{name}" }}}}{text}{{{{ end }}}}'
    for name, text in {
        "__subject": "{{ subject }}", "__alertmanager": "Alertmanager", "__alertmanagerURL": "{{ page }}",
        "__description": "", "__text_alert_list": "{{ listing . }}",
        "slack.default.title": "{{ subject }}", "slack.default.titlelink": "{{ page }}",
        "slack.default.fallback": "{{ subject }} | {{ page }}", "slack.default.username": "Alertmanager",
        "slack.default.color": '{{ if eq .Status "firing" }}danger{{ else }}good{{ end }}',
        "slack.default.pretext": "", "slack.default.text": "", "slack.default.footer": "",
        "pagerduty.default.description": "{{ subject }}", "pagerduty.default.client": "Alertmanager",
        "pagerduty.default.clientURL": "{{ page }}", "pagerduty.default.instances": "{{ listing . }}",
        "email.default.subject": "{{ subject }}",
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
    "toJson": Function(lambda value: json.dumps(value, ensure_ascii=False), ("any",)),
    "safeUrl": Function(lambda text: text, ("string",)),
}

OWN = ("subject", "page", "listing")
"""Functions that only the default texts call; they know the message."""


class Pairs(list[Struct], Methods):
    """Labels in order."""

    def method(self, name: str) -> Any:
        """See Methods."""
        return [one.fields[{"Names": "Name", "Values": "Value"}[name]] for one in self]


class Labels(Zero, Methods):
    """Labels or annotations."""

    def method(self, name: str) -> Any:
        """See Methods."""
        match name:
            case "SortedPairs":
                names = sorted(self, key=lambda one: (one != "alertname", one))
                return Pairs(Struct("template.Pair", {"Name": one, "Value": self[one]}) for one in names)
            case "Names" | "Values":
                return self.method("SortedPairs").method(name)
            case "Remove":
                return Function(lambda names: Labels({one: self[one] for one in self if one not in names}), ("vector",))
        raise KeyError(name)


class Alerts(list[Struct], Methods):
    """The alerts of a message."""

    def method(self, name: str) -> Any:
        """See Methods."""
        wanted = {"Firing": "firing", "Resolved": "resolved"}[name]
        return Alerts(one for one in self if one.fields["Status"] == wanted)


def filled(text: str, message: Payload) -> str:
    """The text of a template for a message. What goes wrong stands in the text: a message is not lost by it."""
    if "{{" not in text:
        return text
    own = {
        "subject": Function(lambda: subject(message)),
        "page": Function(lambda: page(message)),
        "listing": Function(lambda alerts: listing(_documents(alerts, message)), ("vector",)),
    }
    try:
        return expand(_parsed(text), _data(message), {**FUNCTIONS, **own})
    except TemplateError as error:
        return f"<error expanding template: {error}>"


def _checked(text: str) -> str:
    if "{{" in text:
        try:
            _parsed(text)
        except TemplateError as error:
            raise ValueError(str(error)) from None
    return text


Text = Annotated[str, AfterValidator(_checked)]
"""A text that may hold template actions."""


@lru_cache(maxsize=1024)
def _parsed(text: str) -> Template:
    return parse("text", text + DEFAULTS, {*BUILTINS, *LAZY, *FUNCTIONS, *OWN})


def _data(message: Payload) -> Struct:
    return Struct(
        "*template.Data",
        {
            "Receiver": message["receiver"], "Status": message["status"], "Alerts": Alerts(map(_alert, message["alerts"])),
            "GroupLabels": Labels(message["groupLabels"]), "CommonLabels": Labels(message["commonLabels"]),
            "CommonAnnotations": Labels(message["commonAnnotations"]), "ExternalURL": message["externalURL"],
        },
    )  # fmt: skip


def _alert(alert: AlertDocument) -> Struct:
    return Struct(
        "template.Alert",
        {
            "Status": alert["status"], "Labels": Labels(alert["labels"]), "Annotations": Labels(alert["annotations"]),
            "StartsAt": _time(alert["startsAt"]), "EndsAt": _time(alert["endsAt"]), "GeneratorURL": alert["generatorURL"],
            "Fingerprint": alert["fingerprint"],
        },
    )  # fmt: skip


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC) if not text.startswith("0001") else datetime(1, 1, 1, tzinfo=UTC)


def _documents(alerts: Sequence[Struct], message: Payload) -> list[AlertDocument]:
    wanted = {one.fields["Fingerprint"] for one in alerts}
    return [one for one in message["alerts"] if one["fingerprint"] in wanted]
