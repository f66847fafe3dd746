"""What Alertmanager's default templates say of a message."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import quote_plus

from kvmon.tell.notify.payload import AlertDocument, Payload


def firing(message: Payload) -> list[AlertDocument]:
    """The alerts that fire."""
    return [alert for alert in message["alerts"] if alert["status"] == "firing"]


def resolved(message: Payload) -> list[AlertDocument]:
    """The alerts that are over."""
    return [alert for alert in message["alerts"] if alert["status"] != "firing"]


def subject(message: Payload) -> str:
    """`[FIRING:2] RedisDown (critical web)`: the group, and in brackets what else the alerts have in common."""
    count = f":{len(firing(message))}" if message["status"] == "firing" else ""
    group, common = message["groupLabels"], message["commonLabels"]
    text = f"[{message['status'].upper()}{count}] {' '.join(_values(group))} "
    if len(common) > len(group):
        rest = {name: value for name, value in common.items() if name not in group}
        text += f"({' '.join(_values(rest))})"
    return text


def page(message: Payload) -> str:
    """The address of the page about this receiver's alerts."""
    return f"{message['externalURL']}/#/alerts?receiver={quote_plus(message['receiver'])}"


def listing(alerts: Sequence[AlertDocument]) -> str:
    """Labels, annotations and source of each, a line each."""
    lines: list[str] = []
    for alert in alerts:
        lines += ["Labels:", *_pairs(alert["labels"]), "Annotations:", *_pairs(alert["annotations"])]
        lines.append(f"Source: {alert['generatorURL']}")
    return "".join(f"{line}\n" for line in lines)


def cut(text: str, most: int) -> str:
    """At most so many characters, with an ellipsis where something is gone."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _names(labels: dict[str, str]) -> list[str]:
    """Sorted, the alert's name first."""
    return sorted(labels, key=lambda name: (name != "alertname", name))


def _values(labels: dict[str, str]) -> list[str]:
    return [labels[name] for name in _names(labels)]


def _pairs(labels: dict[str, str]) -> list[str]:
    return [f" - {name} = {labels[name]}" for name in _names(labels)]
