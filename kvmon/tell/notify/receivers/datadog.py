"""Datadog: an event for each message, by its API. kvmon's own; Alertmanager has none."""

from __future__ import annotations

import hashlib
import json
from typing import ClassVar, Self

from pydantic import SecretStr, model_validator

from kvmon.tell.notify.payload import Payload
from kvmon.tell.notify.receivers.integration import Integration, Post, Secret, Span, Stamp
from kvmon.tell.notify.receivers.urls import Url
from kvmon.tell.notify.templates import Text
from kvmon.tell.notify.texts import cut

TEXT, TITLE = 4000, 100
"""Characters that an event may have."""


class Datadog(Integration):
    """Posts events with the labels that all alerts have in common as tags."""

    kind: ClassVar = "datadog"
    api_key: SecretStr | None = None
    api_key_file: str | None = None
    site: str = "datadoghq.com"
    api_url: Url | None = None
    """In place of `https://api.SITE`: a proxy."""
    title: Text = '{{ template "__subject" . }}'
    text: Text = '{{ template "__text_alert_list" .Alerts }}'
    tags: tuple[str, ...] = ()
    timeout: Span = 0.0

    @model_validator(mode="after")
    def _has_key(self) -> Self:
        if (self.api_key is None) == (self.api_key_file is None):
            raise ValueError("it needs either api_key or api_key_file")
        return self

    def wire(self, message: Payload, stamp: Stamp) -> Post:
        """See Integration."""
        write = self.writer(message, stamp)
        fires = message["status"] == "firing"
        warning = message["commonLabels"].get("severity") in ("warning", "info")
        event = {
            "title": cut(write(self.title).strip(), TITLE),
            "text": cut(write(self.text), TEXT),
            "alert_type": "success" if not fires else "warning" if warning else "error",
            "aggregation_key": hashlib.sha256(message["groupKey"].encode()).hexdigest(),
            "source_type_name": "kvmon",
            "date_happened": int(stamp.at),
            "tags": [*self.tags, *(f"{name}:{value}" for name, value in message["commonLabels"].items())],
        }
        headers = {"Content-Type": "application/json", "DD-API-KEY": Secret.of(self.api_key, self.api_key_file).read()}
        url = f"{(self.api_url or f'https://api.{self.site}').rstrip('/')}/api/v1/events"
        return Post(url, json.dumps(event, ensure_ascii=False).encode(), headers, self.timeout or 10.0)
