"""The ways to tell a receiver, a file each. A line in FORMS is a new one."""

from __future__ import annotations

from kvmon.tell.notify.receivers.datadog import Datadog
from kvmon.tell.notify.receivers.email import Email
from kvmon.tell.notify.receivers.integration import Integration
from kvmon.tell.notify.receivers.pagerduty import PagerDuty
from kvmon.tell.notify.receivers.slack import Slack
from kvmon.tell.notify.receivers.webhook import Webhook

FORMS: tuple[type[Integration], ...] = (Webhook, Slack, PagerDuty, Email, Datadog)
"""All of them."""
