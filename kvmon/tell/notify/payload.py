"""What is told of a group: the document of Alertmanager's webhook, version 4. Every receiver is told from it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from operator import itemgetter
from typing import TypedDict

from kvmon.judge.promql.work import Work
from kvmon.model.alert import Labels
from kvmon.tell.notify.held import Held, order

NEVER = "0001-01-01T00:00:00Z"
"""Go's zero time: an alert that fires has no end."""

Texts = dict[str, str]


class AlertDocument(TypedDict):
    """One alert of a message."""

    status: str
    labels: Texts
    annotations: Texts
    startsAt: str
    endsAt: str
    generatorURL: str
    fingerprint: str


class Payload(TypedDict):
    """A message."""

    receiver: str
    status: str
    alerts: list[AlertDocument]
    notification_reason: str
    groupLabels: Texts
    commonLabels: Texts
    commonAnnotations: Texts
    externalURL: str
    version: str
    groupKey: str
    truncatedAlerts: int


def payload(  # noqa: PLR0913 - a message has so many parts
    alerts: Sequence[Held], now: float, *, receiver: str, reason: str, group_labels: Labels, group_key: str, external_url: str
) -> Work[Payload]:
    """The message about these alerts, of which there is at least one."""
    places: list[tuple[tuple[object, ...], Held]] = []
    for alert in alerts:
        places.append((order(alert), alert))
        yield
    told: list[AlertDocument] = []
    for _, alert in sorted(places, key=itemgetter(0)):
        told.append(_document(alert, now))
        yield
    common_labels = yield from _common([alert["labels"] for alert in told])
    common_annotations = yield from _common([alert["annotations"] for alert in told])
    return Payload(
        receiver=receiver,
        status="firing" if any(alert["status"] == "firing" for alert in told) else "resolved",
        alerts=told,
        notification_reason=reason,
        groupLabels=dict(group_labels),
        commonLabels=common_labels,
        commonAnnotations=common_annotations,
        externalURL=external_url,
        version="4",
        groupKey=group_key,
        truncatedAlerts=0,
    )


def shortened(message: Payload, most: int) -> Payload:
    """The same with the first `most` alerts only; 0: all of them."""
    left_out = max(0, len(message["alerts"]) - most) if most else 0
    return {**message, "alerts": message["alerts"][:most], "truncatedAlerts": left_out} if left_out else message


def text_of(message: Payload) -> str:
    """Its JSON, alert by alert: a thread that writes thousands lets others have their turn."""
    parts = (
        f'"{name}":[{",".join(map(_json, message["alerts"]))}]' if name == "alerts" else f'"{name}":{_json(value)}'
        for name, value in message.items()
    )
    return f"{{{','.join(parts)}}}"


def rfc3339(at: float) -> str:
    """A time in UTC as Go writes it: fractions without trailing zeros, in milliseconds at most."""
    moment = datetime.fromtimestamp(round(at, 3), UTC)
    fraction = f"{round(moment.microsecond / 1000):03d}".rstrip("0")
    return f"{moment:%Y-%m-%dT%H:%M:%S}{'.' + fraction if fraction else ''}Z"


def _document(alert: Held, now: float) -> AlertDocument:
    notice = alert.notice
    resolved = alert.resolved(now)
    return AlertDocument(
        status="resolved" if resolved else "firing",
        labels=dict(notice.labels),
        annotations=dict(notice.annotations),
        startsAt=rfc3339(notice.starts_at),
        endsAt=rfc3339(notice.ends_at) if resolved else NEVER,
        generatorURL=notice.generator_url,
        fingerprint=alert.fingerprint,
    )


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _common(many: Sequence[Mapping[str, str]]) -> Work[Texts]:
    common = dict(many[0])
    for other in many:
        for name in [name for name, value in common.items() if other.get(name) != value]:
            del common[name]
        yield
    return common
