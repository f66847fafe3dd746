"""The section `alerting` and Alertmanager's own file."""

from __future__ import annotations

from pathlib import Path

import pytest

from kvmon.config import load
from kvmon.config.dump import dump
from kvmon.config.mistakes import Mistakes
from kvmon.tell.notify.matchers import Matcher, Op
from kvmon.tell.notify.receivers.pagerduty import PagerDuty
from kvmon.tell.notify.receivers.slack import Slack

TARGETS = "targets: [{name: a, url: 'redis://127.0.0.1'}]\n"

WHOLE = """\
global:
  resolve_timeout: 5m
  slack_api_url: https://hooks.slack.example/services/SECRET
  smtp_smarthost: mail.example:587
  smtp_from: kvmon@example.net
  smtp_auth_username: kvmon
  smtp_auth_password: SECRET
route:
  receiver: team
  group_by: [alertname]
  group_wait: 10s
  routes:
  - matchers: [severity="critical", 'team=~"web|db"']
    receiver: pager
    repeat_interval: 1h30m
    routes:
    - match_re: {instance: ".*:6379"}
  - match: {severity: info}
    group_by: ['...']
    continue: true
inhibit_rules:
- source_matchers: [alertname=Down]
  target_match: {severity: warning}
  equal: [target]
receivers:
- name: team
  slack_configs: [{channel: '#redis'}]
  email_configs: [{to: 'a@example.net, b@example.net'}]
  webhook_configs: [{url: 'http://user:SECRET@127.0.0.1/x', http_config: {authorization: {credentials: SECRET}}}]
- name: pager
  pagerduty_configs: [{routing_key_file: key}]
  datadog_configs: [{api_key: SECRET}]
"""


def test_alertmanager_s_file_is_understood(tmp_path: Path) -> None:
    (tmp_path / "alertmanager.yml").write_text(WHOLE)
    (tmp_path / "kvmon.yaml").write_text(
        f"{TARGETS}alerting: {{config_file: alertmanager.yml, alertmanagers: ['http://u:SECRET@am-0:9093'], external_url: 'http://k/'}}"
    )
    config = load(str(tmp_path / "kvmon.yaml"), {})
    routing = config.alerting.routing
    assert routing is not None
    assert routing.external_url == "http://k"
    assert str(tmp_path / "alertmanager.yml") in config.files
    root = routing.route
    pager, info = root.routes
    assert (root.group_by, root.group_wait, root.repeat_interval) == (("alertname",), 10.0, 4 * 3600.0)
    assert (pager.receiver, pager.group_wait, pager.repeat_interval) == ("pager", 10.0, 5400.0)
    assert pager.routes[0].matchers == (Matcher("instance", ".*:6379", Op.REGEX),)
    assert pager.routes[0].receiver == "pager"
    assert (info.group_by, info.goes_on, info.receiver) == (None, True, "team")
    slack = routing.receivers["team"].integrations[1]
    assert isinstance(slack, Slack)
    assert slack.api_url is not None
    pages = routing.receivers["pager"].integrations[0]
    assert isinstance(pages, PagerDuty)
    assert pages.routing_key_file == str(tmp_path / "key"), "beside the file that names it"
    assert "SECRET" not in dump(config)
    assert "SECRET" not in repr(config)
    assert 'team=~\\"web|db\\"' in dump(config) or 'team=~"web|db"' in dump(config)


def test_the_same_keys_may_stand_inline(tmp_path: Path) -> None:
    inline = "alerting:\n" + "".join(f"  {line}\n" for line in WHOLE.splitlines())
    (tmp_path / "kvmon.yaml").write_text(TARGETS + inline)
    (tmp_path / "alertmanager.yml").write_text(WHOLE)
    (tmp_path / "other.yaml").write_text(f"{TARGETS}alerting: {{config_file: alertmanager.yml}}")
    configs = [load(str(tmp_path / name), {}) for name in ("kvmon.yaml", "other.yaml")]
    assert configs[0].alerting == configs[1].alerting
    assert "SECRET" not in dump(configs[0])


# fmt: off
BAD = {
    "global: {smtp_tls_config: {}}\nroute: {receiver: a}\nreceivers: [{name: a}]":
        (1, "global.smtp_tls_config: kvmon does not support this"),
    "route: {receiver: a}\nreceivers:\n- name: a\n  opsgenie_configs: []": (4, "opsgenie_configs: kvmon does not support this"),
    "route: {receiver: a}\nreceivers: [{name: a}]\ntracing: {}": (3, "tracing: kvmon does not support this"),
    "route:\n  receiver: a\n  mute_time_intervals: [n]\nreceivers: [{name: a}]\ntime_intervals: [{name: n}]":
        (1, "must not have any time intervals"),
    "route:\n  receiver: a\n  routes:\n  - matchers: [a=b]\n    active_time_intervals: [n]\nreceivers: [{name: a}]":
        (5, "no time interval is called 'n'"),
    "route: {receiver: a}\nreceivers: [{name: a}]\ntime_intervals:\n- name: n\nmute_time_intervals:\n- name: n":
        (4, "other intervals are called 'n' already"),
    "route: {receiver: a}\nreceivers: [{name: a}]\ntime_intervals:\n- name: n\n  time_intervals:\n  - weekdays: [friday:monday]":
        (6, "'friday:monday' ends before it begins"),
    "route: {receiver: a}\nreceivers: [{name: a}]\ntime_intervals:\n- name: n\n  time_intervals:\n  - months: [3:1]":
        (6, "'3:1' ends before it begins"),
    "route: {receiver: a}\nreceivers: [{name: a}]\ntime_intervals:\n- name: n\n  time_intervals:\n  - location: Berlin":
        (6, "unknown time zone Berlin: write one that this system knows"),
    "route:\n  receiver: a\n  group_bye: [x]\nreceivers: [{name: a}]": (3, "did you mean 'group_by'?"),
    "route:\n  receiver: b\nreceivers: [{name: a}]": (2, "no receiver is called 'b'"),
    "route:\n  receiver: a\n  routes:\n  - receiver: c\nreceivers: [{name: a}]":
        (4, "route.routes[0].receiver: no receiver is called 'c'"),
    "route:\n  group_by: [x]\nreceivers: [{name: a}]": (1, "the first route must specify a receiver"),
    "route:\n  receiver: a\n  matchers: [a=b]\nreceivers: [{name: a}]": (1, "must not have any matchers"),
    "route:\n  receiver: a\n  routes:\n  - matchers:\n    - a~b\nreceivers: [{name: a}]": (4, "bad matcher format: a~b"),
    'route:\n  receiver: a\n  routes:\n  - matchers:\n    - a=~"("\nreceivers: [{name: a}]': (4, "is no regular expression"),
    "route:\n  receiver: a\n  group_wait: 30\nreceivers: [{name: a}]": (3, "write a number with its unit"),
    "route:\n  receiver: a\n  group_interval: 0s\nreceivers: [{name: a}]": (3, "it has to be greater than 0"),
    "route: {receiver: a}\nreceivers:\n- name: a\n- name: a": (4, "another receiver is called 'a' already"),
    "route: {receiver: a}\nreceivers:\n- name: a\n  slack_configs: [{channel: x}]":
        (3, "it needs api_url, or slack_api_url in global"),
    "route: {receiver: a}\nreceivers:\n- name: a\n  webhook_configs: [{}]": (4, "it needs either url or url_file"),
    "route: {receiver: a}\nreceivers:\n- name: a\n  webhook_configs: [{url: 'file:///etc/passwd'}]":
        (4, "it is no URL of a web server"),
    "route: {receiver: a}\nreceivers: [{name: a}]\ninhibit_rules:\n- source_matchers: [a=b]":
        (4, "it would hold back everything"),
    "receivers: [{name: a}]": (0, "route: it is missing"),
}
# fmt: on


@pytest.mark.parametrize("text", BAD)
def test_what_is_wrong_is_told_with_its_line(tmp_path: Path, text: str) -> None:
    line, words = BAD[text]
    (tmp_path / "alertmanager.yml").write_text(text)
    (tmp_path / "kvmon.yaml").write_text(f"{TARGETS}alerting: {{config_file: alertmanager.yml}}")
    with pytest.raises(Mistakes) as caught:
        load(str(tmp_path / "kvmon.yaml"), {})
    told = str(caught.value)
    assert words in told
    assert f"alertmanager.yml{f':{line}' if line else ''}: " in told, told


def test_a_file_that_is_not_there_and_a_url_that_is_none_are_told(tmp_path: Path) -> None:
    (tmp_path / "kvmon.yaml").write_text(f"{TARGETS}alerting:\n  config_file: nothing.yml\n")
    with pytest.raises(Mistakes, match=r"kvmon.yaml:3: alerting.config_file: cannot read .*nothing.yml"):
        load(str(tmp_path / "kvmon.yaml"), {})
    (tmp_path / "kvmon.yaml").write_text(f"{TARGETS}alerting:\n  alertmanagers: [am-0:9093]\n")
    with pytest.raises(Mistakes, match=r"kvmon.yaml:3: alerting.alertmanagers\[0\]: it is no URL of an Alertmanager"):
        load(str(tmp_path / "kvmon.yaml"), {})
