"""A message as Alertmanager's templates see it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from kvmon.judge.templates import Function, Methods, Struct, Zero
from kvmon.judge.templates.times import Duration, formatted
from kvmon.tell.notify.payload import NEVER, AlertDocument, Payload


class Pairs(list[Struct], Methods):
    """Labels in order."""

    def method(self, name: str) -> Any:
        """See Methods."""
        return [one.fields[{"Names": "Name", "Values": "Value"}[name]] for one in self]

    def text(self) -> str:
        """See Methods."""
        return ", ".join(f"{one.fields['Name']}={one.fields['Value']}" for one in self)


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

    def text(self) -> str:
        """See Methods."""
        return str(self.method("SortedPairs").text())


class Alerts(list[Struct], Methods):
    """The alerts of a message."""

    def method(self, name: str) -> Any:
        """See Methods."""
        wanted = {"Firing": "firing", "Resolved": "resolved"}[name]
        return Alerts(one for one in self if one.fields["Status"] == wanted)


def data_of(message: Payload) -> Struct:
    """What `.` is."""
    return Struct(
        "*template.Data",
        {
            "Receiver": message["receiver"], "Status": message["status"], "Alerts": Alerts(map(_alert, message["alerts"])),
            "NotificationReason": message["notification_reason"], "GroupLabels": Labels(message["groupLabels"]),
            "CommonLabels": Labels(message["commonLabels"]), "CommonAnnotations": Labels(message["commonAnnotations"]),
            "ExternalURL": message["externalURL"],
        },
    )  # fmt: skip


def documents(alerts: Sequence[Struct], message: Payload) -> list[AlertDocument]:
    """Those of the message that these are."""
    wanted = {one.fields["Fingerprint"] for one in alerts}
    return [one for one in message["alerts"] if one["fingerprint"] in wanted]


def to_json(value: Any) -> str:
    """As Go writes it: maps by key, and what means something in HTML escaped."""
    return "".join(_ESCAPED.get(char, char) for char in json.dumps(_plain(value), ensure_ascii=False, separators=(",", ":")))


_ESCAPED = {char: f"\\u{ord(char):04x}" for char in "<>&\u2028\u2029"}


def _plain(value: Any) -> Any:  # noqa: PLR0911 - a table of types
    match value:
        case Struct() if value.name == "template.Pair":
            return dict(value.fields)
        case Struct():
            named = {f"{name[0].lower()}{name[1:]}": _plain(part) for name, part in value.fields.items()}
            return {"notification_reason" if name == "notificationReason" else name: part for name, part in named.items()}
        case dict():
            return {name: _plain(value[name]) for name in sorted(value)}
        case list():
            return [_plain(part) for part in value]
        case datetime():
            return formatted(value, "2006-01-02T15:04:05.999999Z07:00")
        case Duration():
            return value.nanoseconds
    return value


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
    return datetime(1, 1, 1, tzinfo=UTC) if text == NEVER else datetime.fromisoformat(text)
