"""Files of templates: what texts may include from them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from kvmon.config import load
from kvmon.config.mistakes import Mistakes
from kvmon.judge.templates import TemplateError
from kvmon.tell.notify.payload import Payload
from kvmon.tell.notify.receivers.integration import Post, Stamp
from kvmon.tell.notify.templates import Library

FILES = {
    "a.tmpl": """top {{ .Status }}
{{ define "own.title" }}{{ .Status | toUpper }} {{ template "own.inner" .CommonLabels }}{{ end }}
{{ define "own.inner" }}<{{ range .SortedPairs }}{{ .Name }}={{ .Value }};{{ end }}>{{ end }}
{{ define "both" }}a{{ end }}{{ define "kept" }}a{{ end }}
{{- /* a comment */ -}}
""",
    "b.tmpl": """{{ define "both" }}b{{ end }}{{ define "kept" }}  {{ end }}
{{ define "each" }}{{ range .Alerts }}{{ .Labels.zone }} since {{ .StartsAt.Format "02 Jan 06 15:04 MST" }}; {{ end }}{{ end }}
{{ block "with a block" . }}[{{ .Receiver }}]{{ end }}""",
}
DATA: dict[str, Any] = {
    "receiver": "team", "status": "firing",
    "alerts": [
        {
            "status": "firing", "labels": {"alertname": "Lag", "zone": zone}, "annotations": {"summary": "it <lags> & é"},
            "startsAt": f"2023-11-14T22:13:20{fraction}Z", "endsAt": "0001-01-01T00:00:00Z", "generatorURL": "http://g",
            "fingerprint": f"{zone}123456789abcdef",
        }
        for zone, fraction in (("a", ""), ("b", ".5"))
    ],
    "notification_reason": "first notification", "groupLabels": {"alertname": "Lag"}, "commonLabels": {"alertname": "Lag"},
    "commonAnnotations": {"summary": "it <lags> & é"}, "externalURL": "http://x",
}  # fmt: skip
TEXTS = {
    '{{ template "own.title" . }}': "FIRING <alertname=Lag;>",
    '{{ template "both" . }}{{ template "kept" . }}': "ba",
    '{{ template "each" . }}': "a since 14 Nov 23 22:13 UTC; b since 14 Nov 23 22:13 UTC; ",
    '{{ template "with a block" . }}': "[team]",
    '{{ template "a.tmpl" . }}': "top firing\n\n\n",
    "{{ .CommonLabels }} {{ .CommonLabels.SortedPairs }}": "alertname=Lag alertname=Lag",
    '{{ (index .Alerts 1).StartsAt.Format "Jan _2 2006 3:04:05.000 PM Z07:00 -0700 MST Mon January 002 Janet" }}': (
        "Nov 14 2023 10:13:20.500 PM Z +0000 UTC Tue November 318 Janet"
    ),
    '{{ date "02.01.06 15h04 pm" (tz "America/New_York" (index .Alerts 0).StartsAt) }}': "14.11.23 17h13 pm",
    '{{ tz "America/New_York" (index .Alerts 0).StartsAt }}': "2023-11-14 17:13:20 -0500 EST",
    "{{ (index .Alerts 0).EndsAt.IsZero }} {{ (index .Alerts 0).StartsAt.Unix }}": "true 1700000000",
    "{{ (index .Alerts 1).StartsAt.Sub (index .Alerts 0).StartsAt }}": "500ms",
    '{{ toJson (dict "b" 1 "a" "<é>") }} {{ list 1 "b" | toJson }}': '{"a":"\\u003cé\\u003e","b":1} [1,"b"]',
    '{{ urlUnescape "a%20b" }} {{ append (list 1) 2 }}': "a b [1 2]",
    "{{ toJson (index .Alerts 0) }}": (
        '{"status":"firing","labels":{"alertname":"Lag","zone":"a"},"annotations":{"summary":"it \\u003clags\\u003e \\u0026 é"},'
        '"startsAt":"2023-11-14T22:13:20Z","endsAt":"0001-01-01T00:00:00Z","generatorURL":"http://g",'
        '"fingerprint":"a123456789abcdef"}'
    ),
}  # fmt: skip
"""Texts, and what `amtool template render` makes of them (`tests/peers/test_amtool_config.py` asks it again)."""

REFUSED = {
    '{{ define "x" }}\n{{ if }}{{ end }}{{ end }}': "template: own.tmpl:2: missing value for if",
    '{{ define "x" }}\n{{ nothing }}{{ end }}': 'template: own.tmpl:2: function "nothing" not defined',
    '{{ define "x" }}1{{ end }}{{ define "x" }}2{{ end }}': 'template: own.tmpl:1: template: multiple definition of template "x"',
    '{{ define "x" }}': "template: own.tmpl:1: unexpected EOF",
}


@pytest.fixture
def message() -> Payload:
    return {**DATA, "version": "4", "groupKey": "", "truncatedAlerts": 0}  # type: ignore[typeddict-item]


@pytest.mark.parametrize("text", TEXTS)
def test_what_texts_include(message: Payload, text: str) -> None:
    assert Library.of_files(FILES.items()).writer(message, 0.0)(text) == TEXTS[text]


def test_a_text_may_define_anew_what_files_do(message: Payload) -> None:
    text = '{{ define "own.inner" }}mine{{ end }}{{ template "own.title" . }}'
    assert Library.of_files(FILES.items()).writer(message, 0.0)(text) == "FIRING mine"


@pytest.mark.parametrize("text", REFUSED)
def test_a_file_is_refused_with_its_line(text: str) -> None:
    with pytest.raises(TemplateError) as refused:
        Library.of_files([("/etc/own.tmpl", text)])
    assert str(refused.value) == REFUSED[text]


def test_what_fails_inside_of_a_template_names_its_file_and_line(message: Payload) -> None:
    library = Library.of_files([("/etc/own.tmpl", '{{ define "x" }}\n  {{ .Nothing }}{{ end }}')])
    assert 'template: own.tmpl:2:5: executing "x" at <.Nothing>' in library.writer(message, 0.0)('{{ template "x" . }}')


CONFIGURED = """
global: {smtp_from: kvmon@example.net, smtp_smarthost: 127.0.0.1:25}
route: {receiver: team}
templates: ['parts/*.tmpl']
receivers:
- name: team
  slack_configs: [{api_url: 'http://127.0.0.1:1/', text: '{{ template "own.title" . }}'}]
  pagerduty_configs: [{routing_key: key}]
"""


def test_a_configuration_names_files_and_a_changed_one_is_another_configuration(tmp_path: Path, message: Payload) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "a.tmpl").write_text(FILES["a.tmpl"])
    (tmp_path / "alertmanager.yml").write_text(CONFIGURED)
    (tmp_path / "kvmon.yaml").write_text(
        "targets: [{name: a, url: 'redis://127.0.0.1'}]\nalerting: {config_file: alertmanager.yml}\n"
    )
    before = load(str(tmp_path / "kvmon.yaml"), {})
    assert str(tmp_path / "parts" / "a.tmpl") in before.files, "it is watched"
    assert before.alerting.routing == load(str(tmp_path / "kvmon.yaml"), {}).alerting.routing
    (tmp_path / "parts" / "a.tmpl").write_text(
        FILES["a.tmpl"].replace("toUpper", "toLower") + '{{ define "__subject" }}S{{ end }}'
    )
    after = load(str(tmp_path / "kvmon.yaml"), {})
    assert after.alerting.routing != before.alerting.routing
    assert after.alerting.routing is not None
    slack, pages = (way.wire(message, Stamp("msg_1", 0.0)) for way in after.alerting.routing.receivers["team"].integrations)
    assert isinstance(slack, Post)
    assert b'"text": "firing <alertname=Lag;>"' in slack.body
    assert b'"title": "S"' in slack.body, "a default that is defined anew holds wherever it is included"
    assert isinstance(pages, Post)
    assert b'"summary": "S"' in pages.body
    (tmp_path / "parts" / "a.tmpl").write_text("{{ define")
    with pytest.raises(Mistakes, match=r"alertmanager.yml:4: templates: template: a.tmpl:1: "):
        load(str(tmp_path / "kvmon.yaml"), {})
