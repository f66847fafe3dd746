"""Slack: an incoming webhook, with the attachment that Alertmanager makes by default."""

from __future__ import annotations

import json
from typing import ClassVar

from kvmon.tell.notify.payload import Payload
from kvmon.tell.notify.receivers.integration import HttpConfig, Integration, Post, Secret, Span, Stamp
from kvmon.tell.notify.receivers.texts import cut, page, subject
from kvmon.tell.notify.receivers.urls import SecretUrl

TITLE = 1024
"""Characters that Slack shows of a title."""


class Slack(Integration):
    """Posts to `api_url`, or to `slack_api_url` of `global`."""

    kind: ClassVar = "slack"
    send_resolved: bool = False
    api_url: SecretUrl | None = None
    api_url_file: str | None = None
    http_config: HttpConfig = HttpConfig()
    channel: str = ""
    username: str = "Alertmanager"
    icon_emoji: str = ""
    icon_url: str = ""
    timeout: Span = 0.0

    def wire(self, message: Payload, stamp: Stamp) -> Post:
        """See Integration. Slack knows no id: a repetition is shown twice."""
        del stamp
        title = cut(subject(message), TITLE)
        body = {
            "channel": self.channel, "username": self.username, "icon_emoji": self.icon_emoji, "icon_url": self.icon_url,
            "attachments": [
                {
                    "title": title, "title_link": page(message), "text": "", "fallback": f"{title} | {page(message)}",
                    "color": "danger" if message["status"] == "firing" else "good",
                    "mrkdwn_in": ["fallback", "pretext", "text"],
                }
            ],
        }  # fmt: skip
        kept = {name: value for name, value in body.items() if value}
        headers = {"Content-Type": "application/json", **self.http_config.headers()}
        url = Secret.of(self.api_url, self.api_url_file).read()
        return Post(url, json.dumps(kept, ensure_ascii=False).encode(), headers, self.timeout or 10.0)
