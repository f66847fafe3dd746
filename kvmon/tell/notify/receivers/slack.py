"""Slack: an incoming webhook, with the attachment that Alertmanager makes by default."""

from __future__ import annotations

import json
from typing import Any, ClassVar

from kvmon.tell.notify.payload import Payload
from kvmon.tell.notify.receivers.integration import HttpConfig, Integration, Post, Secret, Span, Stamp
from kvmon.tell.notify.receivers.urls import SecretUrl
from kvmon.tell.notify.templates import Text
from kvmon.tell.notify.texts import cut

TITLE = 1024
"""Characters that Slack shows of a title."""


MESSAGE = ("channel", "username", "icon_emoji", "icon_url")
ATTACHMENT = ("title", "title_link", "pretext", "text", "fallback", "footer", "color")
"""Words of Slack that are options of ours."""


def taken(body: bytes) -> bool:
    """Whether Slack's answer, `ok` or a document, says that it took the message."""
    if body.lstrip().startswith(b"{"):
        try:
            return json.loads(body).get("ok") is True
        except ValueError:
            return False
    return body.strip() == b"ok"


class Slack(Integration):
    """Posts to `api_url`, or to `slack_api_url` of `global`."""

    kind: ClassVar = "slack"
    send_resolved: bool = False
    api_url: SecretUrl | None = None
    api_url_file: str | None = None
    http_config: HttpConfig = HttpConfig()
    channel: Text = ""
    username: Text = '{{ template "slack.default.username" . }}'
    icon_emoji: Text = ""
    icon_url: Text = ""
    title: Text = '{{ template "slack.default.title" . }}'
    title_link: Text = '{{ template "slack.default.titlelink" . }}'
    pretext: Text = ""
    text: Text = ""
    fallback: Text = '{{ template "slack.default.fallback" . }}'
    footer: Text = ""
    color: Text = '{{ template "slack.default.color" . }}'
    timeout: Span = 0.0

    def wire(self, message: Payload, stamp: Stamp) -> Post:
        """See Integration. Slack knows no id: a repetition is shown twice."""
        write = self.writer(message, stamp)
        attachment: dict[str, Any] = {name: write(getattr(self, name)) for name in ATTACHMENT}
        attachment["title"] = cut(attachment["title"], TITLE)
        body: dict[str, Any] = {name: write(getattr(self, name)) for name in MESSAGE}
        if not attachment["pretext"]:
            del attachment["pretext"]
        body["attachments"] = [{**attachment, "callback_id": "", "mrkdwn_in": ["fallback", "pretext", "text"]}]
        kept = {name: value for name, value in body.items() if value}
        headers = {"Content-Type": "application/json", **self.http_config.headers()}
        url = Secret.of(self.api_url, self.api_url_file).read()
        return Post(url, json.dumps(kept, ensure_ascii=False).encode(), headers, self.timeout or 10.0, taken)
