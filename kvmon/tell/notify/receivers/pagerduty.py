"""PagerDuty: Events API v2. A group is one incident, whatever is told of it and how often."""

from __future__ import annotations

import hashlib
import json
from typing import ClassVar, Literal, Self

from pydantic import Field, SecretStr, model_validator

from kvmon.tell.notify.payload import Payload
from kvmon.tell.notify.receivers.integration import HttpConfig, Integration, Post, Secret, Span, Stamp
from kvmon.tell.notify.receivers.texts import cut, firing, listing, page, resolved, subject
from kvmon.tell.notify.receivers.urls import Url

SUMMARY = 1024
"""Characters that PagerDuty takes of a summary."""

DETAIL = 100_000
"""Characters of a listing: an event is at most 512 kB."""


class PagerDuty(Integration):
    """Posts events; `routing_key` is that of an integration of type Events API v2."""

    kind: ClassVar = "pagerduty"
    routing_key: SecretStr | None = None
    routing_key_file: str | None = None
    url: Url | None = None
    http_config: HttpConfig = HttpConfig()
    client: str = "Alertmanager"
    client_url: str = ""
    severity: Literal["critical", "error", "warning", "info"] = "error"
    source: str = ""
    component: str = ""
    group: str = ""
    class_: str = Field(default="", alias="class")
    timeout: Span = 0.0

    @model_validator(mode="after")
    def _has_key(self) -> Self:
        if (self.routing_key is None) == (self.routing_key_file is None):
            raise ValueError("it needs either routing_key or routing_key_file")
        return self

    def wire(self, message: Payload, stamp: Stamp) -> Post:
        """See Integration. The deduplication key is Alertmanager's, so that one may take over from the other."""
        del stamp
        fires = message["status"] == "firing"
        event = {
            "routing_key": Secret.of(self.routing_key, self.routing_key_file).read(),
            "dedup_key": hashlib.sha256(message["groupKey"].encode()).hexdigest(),
            "event_action": "trigger" if fires else "resolve",
            "client": self.client,
            "client_url": self.client_url or page(message),
            "payload": {
                "summary": cut(subject(message), SUMMARY), "source": self.source or self.client, "severity": self.severity,
                "component": self.component, "group": self.group, "class": self.class_,
                "custom_details": {
                    "firing": cut(listing(firing(message)), DETAIL), "resolved": cut(listing(resolved(message)), DETAIL),
                    "num_firing": str(len(firing(message))), "num_resolved": str(len(resolved(message))),
                },
            },
        }  # fmt: skip
        headers = {"Content-Type": "application/json", **self.http_config.headers()}
        url = self.url or "https://events.pagerduty.com/v2/enqueue"
        return Post(url, json.dumps(event, ensure_ascii=False).encode(), headers, self.timeout or 10.0)
