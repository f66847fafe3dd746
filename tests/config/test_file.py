"""What a file comes to."""

# ruff: noqa: E501 - a message is a line

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from kvmon.config import Config, Mistakes, load
from kvmon.config.dump import dump
from kvmon.config.options import FileOptions

HASH = "$2b$10$vtWwVSX97Ap8U6oXGOvAnOGDZ6cNZSkXZVIbrPNyd31k4eZ5p2CWS"


def written(folder: Path, text: str) -> Config:
    (folder / "kvmon.yaml").write_text(text)
    return load(str(folder / "kvmon.yaml"), {"HOST": "cache", "KEY": "hunter2", "SOON": "hunter2"})


def refused(folder: Path, text: str) -> str:
    with pytest.raises(Mistakes) as raised:
        written(folder, text)
    return str(raised.value)


def test_a_target_with_everything(tmp_path: Path) -> None:
    for name in ("ca.pem", "cert.pem", "key.pem", "password"):
        (tmp_path / name).write_text("x")
    config = written(
        tmp_path,
        """
interval: 30s
targets:
  - name: sessions
    url: rediss://${HOST}.redis.azure.net:10000
    username: kvmon
    password_file: password
    tls: {ca: ca.pem, cert: cert.pem, key: key.pem, server_name: other, verify: ca}
    memory_limit: 6GiB
    labels: {team: web}
    critical: true
    interval: 5s
    timeout: 250ms
    topology: standalone
    collectors: {slowlog: {every: 1m, entries: 5}, acl: off}
""",
    )
    target = config.target("sessions")
    assert target is not None
    assert str(target.addresses[0]) == "cache.redis.azure.net:10000"
    assert (target.provider.name, target.service) == ("azure-managed", "azure_managed")
    assert (target.credentials.username, target.credentials.password_file) == ("kvmon", str(tmp_path / "password"))
    assert target.tls is not None
    assert (target.tls.ca, target.tls.server_name, target.tls.verify) == (str(tmp_path / "ca.pem"), "other", "ca")
    assert (target.memory_limit, target.interval, target.timeout) == (6 * 1024**3, 5.0, 0.25)
    assert (dict(target.labels), target.critical, target.bare) == ({"team": "web"}, True, False)
    collectors = config.collectors_of(target)
    assert (collectors.slowlog.every, collectors.slowlog.entries, collectors.acl.enabled) == (60.0, 5, False)
    assert {str(tmp_path / name) for name in ("kvmon.yaml", "password", "ca.pem")} <= set(config.files)


def test_collectors_for_all_are_overlaid_by_those_of_a_target(tmp_path: Path) -> None:
    config = written(
        tmp_path,
        """
collectors: {slowlog: {every: 1m, entries: 5}, acl: off, latency: {every: 9s}}
targets:
  - {name: a, url: 'redis://a'}
  - {name: b, url: 'redis://b', collectors: {slowlog: {entries: 7}, acl: on, latency: on}}
""",
    )
    one, two = (config.collectors_of(target) for target in config.targets)
    assert (one.slowlog.every, one.slowlog.entries, one.acl.enabled) == (60.0, 5, False)
    assert (two.slowlog.every, two.slowlog.entries, two.acl.enabled, two.latency.every) == (60.0, 7, True, 9.0)


@pytest.mark.parametrize(
    ("said", "enabled"), [("on", True), ("'on'", True), ("{indexes: 'a.*'}", True), ("{}", True), ("off", False), ("{enabled: false, most: 3}", False)]
)  # fmt: skip
def test_a_collector_that_is_off_by_itself_is_on_where_it_is_spoken_of(tmp_path: Path, said: str, enabled: bool) -> None:
    own = written(tmp_path, f"targets: [{{name: a, url: 'redis://a', collectors: {{search: {said}}}}}]")
    common = written(
        tmp_path, f"collectors: {{search: {said}}}\ntargets: [{{name: a, url: 'redis://a', collectors: {{acl: off}}}}]"
    )
    assert [config.collectors_of(config.targets[0]).search.enabled for config in (own, common)] == [enabled] * 2
    assert not written(tmp_path, "targets: [{name: a, url: 'redis://a'}]").collectors_of(own.targets[0]).search.enabled


def test_a_short_interval_shortens_the_default_timeout(tmp_path: Path) -> None:
    config = written(tmp_path, "targets: [{name: a, url: 'redis://a', interval: 1s}]")
    assert config.targets[0].timeout == 1.0


def test_aliases_work(tmp_path: Path) -> None:
    config = written(
        tmp_path,
        "targets:\n- {name: a, url: 'redis://a', labels: &l {team: web}}\n- {name: b, urls: ['redis://b'], labels: *l}\n",
    )
    assert [dict(target.labels) for target in config.targets] == [{"team": "web"}, {"team": "web"}]


def test_secrets_are_in_no_repr_and_no_dump(tmp_path: Path) -> None:
    (tmp_path / "web.yml").write_text(f"basic_auth_users:\n  ann: {HASH}\n")
    config = written(
        tmp_path,
        """
targets:
- {name: a, url: 'redis://:hunter2@h'}
- {name: b, url: 'redis://h', password: '${KEY}'}
web: {tokens: [hunter2-token], config_file: web.yml}
""",
    )
    assert [token.token.get_secret_value() for token in config.web.tokens] == ["hunter2-token"]
    for text in (repr(config), dump(config), str(config)):
        assert "hunter2" not in text
        assert HASH not in text


@pytest.mark.parametrize("line", [
    "interval: ${SOON}", "interval: ['${SOON}']", "targets: [{name: a, url: 'redis://h', memory_limit: {a: ['${SOON}']}}]", "listen: ${SOON}", "namespace: ${SOON} x", "log: {level: '${SOON}'}", "scrape_allow: ['*${SOON}']",
    "targets: [{name: '${SOON} ', url: 'redis://h'}]", "targets: [{name: a, url: '${SOON}://h'}]",
    "targets: [{name: a, url: 'redis://h', provider: '${SOON}'}]", "targets: [{name: a, url: 'redis://h', labels: '${SOON}'}]",
])  # fmt: skip
def test_an_expanded_value_is_not_repeated_in_an_error(tmp_path: Path, line: str) -> None:
    assert "hunter2" not in refused(tmp_path, line)


def test_credentials_go_to_one_backend(tmp_path: Path) -> None:
    text = refused(tmp_path, "targets: [{name: a, urls: ['redis://:x@h', 'redis://:y@i']}]")
    assert "targets[0].urls: they carry different credentials" in text
    assert "some are with TLS" in refused(tmp_path, "targets: [{name: a, urls: ['redis://h', 'rediss://i']}]")
    assert "h:6379 stands there twice" in refused(tmp_path, "targets: [{name: a, urls: ['redis://h', 'redis://h']}]")


def test_exporter_toolkits_file_is_understood(tmp_path: Path) -> None:
    for name in ("cert.pem", "key.pem", "ca.pem"):
        (tmp_path / name).write_text("x")
    (tmp_path / "web.yml").write_text(f"""
tls_server_config:
  cert_file: cert.pem
  key_file: key.pem
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: ca.pem
  min_version: TLS13
basic_auth_users:
  ann: {HASH}
""")
    web = written(tmp_path, "web: {config_file: web.yml}\ntargets: [{name: a, url: 'redis://h'}]").web
    assert (web.cert, web.key, web.client_ca) == tuple(str(tmp_path / name) for name in ("cert.pem", "key.pem", "ca.pem"))
    assert (web.client_auth, web.min_version, dict(web.users)) == ("verify", "TLS13", {"ann": HASH})


@pytest.mark.parametrize(("text", "message"), [
    ("rate_limit: {}", "web.yml:1: rate_limit: this section is not supported by this version of kvmon (remove it)"),
    ("basic_auth_users: {ann: plain}", "web.yml:1: basic_auth_users.ann: it is no bcrypt hash: make one with `htpasswd -nBC 10 USER`"),
    ("tls_server_config: {cert_file: c, key_file: k}", "web.yml:1: tls_server_config.cert_file: cannot read"),
    ("tls_server_config: {cert_file: c, key_file: k, min_version: TLS10}", "min_version: it has to be one of 'TLS12', 'TLS13'"),
    ("tls_server_config: {cert_fil: c}", "web.yml:1: tls_server_config.cert_fil: unknown key (did you mean 'cert_file'?)"),
])  # fmt: skip
def test_what_is_wrong_or_not_supported_in_it_is_named(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "web.yml").write_text(text)
    assert message in refused(tmp_path, "web: {config_file: web.yml}\ntargets: [{name: a, url: 'redis://h'}]")


def test_only_scrape_allow_is_enough(tmp_path: Path) -> None:
    config = written(tmp_path, "targets: []\nscrape_allow: ['.*\\.example:6379']")
    assert (config.targets, config.scrape_allow) == ((), (".*\\.example:6379",))


def test_uvloop_is_taken_where_it_is_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "event_loop: uvloop\ntargets: [{name: a, url: 'redis://a'}]\n"
    assert written(tmp_path, text).event_loop == "uvloop"
    monkeypatch.setattr("kvmon.config.options.find_spec", lambda _: None)
    assert "kvmon.yaml:1: event_loop: uvloop is not installed: pip install 'kvmon[uvloop]'" in refused(tmp_path, text)


def test_the_effective_configuration_leaves_no_section_out(tmp_path: Path) -> None:
    (tmp_path / "rules.yaml").write_text("groups: []\n")
    config = written(
        tmp_path,
        """
poll: on_scrape
control: 127.0.0.1:53
state_dir: state
shard: 1/1
scrape_allow: ['a:1']
datadog: {dogstatsd: 'udp://127.0.0.1:8125'}
alerting: {alertmanagers: ['http://127.0.0.1:9093']}
rules: {files: [rules.yaml]}
discovery: {files: ['*.json']}
migration: {source: a, destination: b}
web: {tokens: [long-enough-token]}
targets: [{name: a, url: 'redis://a'}, {name: b, url: 'redis://b'}]
""",
    )
    folded = {"collectors", "credentials"}  # shown with each target
    assert set(FileOptions.model_fields) - folded <= set(yaml.safe_load(dump(config)))
