"""Texts of receivers are Go templates over Alertmanager's data."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from kvmon.tell.notify.payload import Payload
from kvmon.tell.notify.receivers.slack import Slack
from kvmon.tell.notify.templates import alertmanagers
from tests.tell.notify.running import notice
from tests.tell.notify.test_dispatcher import Told


@pytest.fixture
def message() -> Payload:
    told = Told()
    told.take(
        1_700_000_000.0,
        notice(1_700_000_000.0, ends_at=1e10, alertname="Lag", target="cache", zone="a", annotations={"summary": "it lags"}),
        notice(1_700_000_000.5, ends_at=1e10, alertname="Lag", target="cache", zone="b", annotations={"summary": "it lags"}),
    )
    (promise,) = told.at(1_700_000_030.0)
    return promise.message


MADE = {
    "no action": "no action",
    "{{ .Receiver }} {{ .Status | toUpper }} {{ .ExternalURL }}": "team FIRING http://kvmon.example",
    "{{ .CommonLabels.target }}|{{ .CommonLabels.zone }}|{{ .CommonAnnotations.summary }}": "cache||it lags",
    "{{ .Alerts.Firing | len }} {{ len .Alerts.Resolved }} {{ len .Alerts }}": "2 0 2",
    "{{ range .Alerts }}{{ .Labels.zone }}:{{ .Status }};{{ end }}": "a:firing;b:firing;",
    "{{ range .CommonLabels.SortedPairs }}{{ .Name }}={{ .Value }} {{ end }}": "alertname=Lag target=cache ",
    '{{ .GroupLabels.SortedPairs.Values | join " " }}': "Lag",
    '{{ (.CommonLabels.Remove .GroupLabels.Names).Values | join "," }}': "cache",
    "{{ with .CommonLabels.Remove .GroupLabels.Names }}{{ .Names }}{{ end }}": "[target]",
    "{{ (index .Alerts 1).StartsAt }}": "2023-11-14 22:13:20.5 +0000 UTC",
    '{{ if eq .Status "firing" }}bad{{ else }}good{{ end }}': "bad",
    '{{ template "slack.default.title" . }}': "[FIRING:2] Lag (cache)",
    '{{ template "__subject" . }} {{ reReplaceAll "a(.)" "<$1>" "cache" }}': "[FIRING:2] Lag (cache) c<c>he",
    '{{ template "__text_alert_list" .Alerts.Resolved }}': "",
    "{{ .CommonLabels }}|{{ .GroupLabels.SortedPairs }}": "alertname=Lag, target=cache|alertname=Lag",
    '{{ (index .Alerts 0).StartsAt.Format "Mon, 02 Jan 2006 15:04:05.000 MST" }}': "Tue, 14 Nov 2023 22:13:20.000 UTC",
    '{{ range .Alerts }}{{ .StartsAt | tz "Asia/Kolkata" | date "2.1.06 3:04PM -07:00" }} {{ end }}': (
        "15.11.23 3:43AM +05:30 15.11.23 3:43AM +05:30 "
    ),
    "{{ range .Alerts }}{{ since .StartsAt }} {{ since .StartsAt | humanizeDuration }} {{ end }}": "1m0s 1m 0s 59.5s 59.5s ",
    '{{ index (dict "a" (list 1 "b")) "a" }} {{ append (list 1) 2 }} {{ urlUnescape "a%20b" }}': "[1 b] [1 2] a b",
    '{{ toJson .CommonLabels }} {{ list "<" 1 | toJson }}': '{"alertname":"Lag","target":"cache"} ["\\u003c",1]',
    "{{ with index .Alerts 1 }}{{ toJson . }}{{ end }}": (
        '{"status":"firing","labels":{"alertname":"Lag","target":"cache","zone":"b"},"annotations":{"summary":"it lags"},'
        '"startsAt":"2023-11-14T22:13:20.5Z","endsAt":"0001-01-01T00:00:00Z","generatorURL":"","fingerprint":"f2cefbda22608899"}'
    ),
    "{{ .Nothing }}": '<error expanding template: template: text:1:3: executing "text" at <.Nothing>: '
    "can't evaluate field Nothing in type *template.Data>",
}


@pytest.mark.parametrize("text", MADE)
def test_what_a_text_becomes(message: Payload, text: str) -> None:
    assert alertmanagers().writer(message, 1_700_000_060.0)(text) == MADE[text]


@pytest.mark.parametrize("text", ["{{ .Status", "{{ nothing }}", "{{ if }}"])
def test_what_is_no_template_is_refused_when_it_is_read(text: str) -> None:
    with pytest.raises(ValidationError, match="template: text:1"):
        Slack(api_url="http://h", title=text)
