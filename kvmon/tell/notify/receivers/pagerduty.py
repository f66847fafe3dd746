"""PagerDuty: Events API v2. A group is one incident, whatever is told of it and how often."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any, ClassVar, Self

from pydantic import Field, SecretStr, model_validator

from kvmon.tell.notify.payload import Payload
from kvmon.tell.notify.receivers.integration import HttpConfig, Integration, Post, Secret, Span, Stamp
from kvmon.tell.notify.receivers.urls import Url
from kvmon.tell.notify.templates import Text
from kvmon.tell.notify.texts import cut, firing, resolved

SUMMARY = 1024
"""Characters that PagerDuty takes of a summary."""

LARGEST = 512_000
"""Bytes that an event may have."""


SEVERITIES = ("critical", "error", "warning", "info")


class PagerDuty(Integration):
    """Posts events; `routing_key` is that of an integration of type Events API v2."""

    kind: ClassVar = "pagerduty"
    routing_key: SecretStr | None = None
    routing_key_file: str | None = None
    url: Url | None = None
    http_config: HttpConfig = HttpConfig()
    description: Text = '{{ template "pagerduty.default.description" . }}'
    client: Text = '{{ template "pagerduty.default.client" . }}'
    client_url: Text = '{{ template "pagerduty.default.clientURL" . }}'
    severity: Text = "error"
    """critical, error, warning or info; what a template makes of it, if it is one of these, else error."""
    source: Text = ""
    component: Text = ""
    group: Text = ""
    class_: Text = Field(default="", alias="class")
    details: dict[str, Text] = Field(default_factory=dict)
    timeout: Span = 0.0

    @model_validator(mode="after")
    def _has_key(self) -> Self:
        if (self.routing_key is None) == (self.routing_key_file is None):
            raise ValueError("it needs either routing_key or routing_key_file")
        return self

    def wire(self, message: Payload, stamp: Stamp) -> Post:
        """See Integration. The deduplication key is Alertmanager's, so that one may take over from the other."""
        write = self.writer(message, stamp)
        body = json.dumps(self._event(message, self._details(message, write), write), ensure_ascii=False).encode()
        if len(body) > LARGEST:
            told = {
                "num_firing": len(firing(message)),
                "num_resolved": len(resolved(message)),
                "error": "too large for PagerDuty",
            }
            body = json.dumps(self._event(message, told, write), ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json", **self.http_config.headers()}
        url = self.url or "https://events.pagerduty.com/v2/enqueue"
        return Post(url, body, headers, self.timeout or 10.0)

    def _event(self, message: Payload, details: dict[str, Any], write: Callable[[str], str]) -> dict[str, Any]:
        client, severity = write(self.client), write(self.severity)
        optional = {"component": self.component, "group": self.group, "class": self.class_}
        said = {name: text for name, given in optional.items() if (text := write(given))}
        return {
            "routing_key": Secret.of(self.routing_key, self.routing_key_file).read(),
            "dedup_key": hashlib.sha256(message["groupKey"].encode()).hexdigest(),
            "event_action": "trigger" if message["status"] == "firing" else "resolve",
            "client": client,
            "client_url": write(self.client_url),
            "payload": {
                "summary": cut(write(self.description), SUMMARY),
                "source": write(self.source) or client,
                "severity": severity if severity in SEVERITIES else "error",
                **said,
                "custom_details": details,
            },
        }

    def _details(self, message: Payload, write: Callable[[str], str]) -> dict[str, Any]:
        some = {"firing": firing(message), "resolved": resolved(message)}
        return {
            **{
                name: [{**alert, "generatorURL": alert["generatorURL"] or None} for alert in alerts]
                for name, alerts in some.items()
            },
            **{f"num_{name}": len(alerts) for name, alerts in some.items()},
            **{name: write(text) for name, text in self.details.items()},
        }
