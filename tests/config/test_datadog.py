"""When something is pushed to Datadog, and where to."""

from __future__ import annotations

from pathlib import Path

import pytest

from kvmon.config import Config, Mistakes, load
from kvmon.config.dump import dump

TARGET = "targets: [{name: it, url: redis://h}]\n"
URL = {"DD_DOGSTATSD_URL": "unix:///run/dsd.socket"}
HOST = {"DD_AGENT_HOST": "agent"}


def written(folder: Path, text: str, environ: dict[str, str]) -> Config:
    (folder / "kvmon.yaml").write_text(TARGET + text)
    return load(str(folder / "kvmon.yaml"), environ)


@pytest.mark.parametrize(
    ("text", "environ", "expected"),
    [
        ("", {}, None),
        ("", HOST, None),
        ("", URL, "unix:///run/dsd.socket"),
        ("datadog: {interval: 30s}", {}, "udp://127.0.0.1:8125"),
        ("datadog: {interval: 30s}", HOST, "udp://agent:8125"),
        ("datadog: {interval: 30s}", {"DD_AGENT_HOST": "fd00::1", "DD_DOGSTATSD_PORT": "9"}, "udp://[fd00::1]:9"),
        ("datadog: {interval: 30s}", {**HOST, **URL}, "unix:///run/dsd.socket"),
        ("datadog: {dogstatsd: 'udp://other:1'}", {**HOST, **URL}, "udp://other:1"),
        ("", {"KVMON_DATADOG__DOGSTATSD": "udp://here:2"}, "udp://here:2"),
    ],
)
def test_where_to(tmp_path: Path, text: str, environ: dict[str, str], expected: str | None) -> None:
    config = written(tmp_path, text, environ)
    assert (config.datadog.dogstatsd if config.datadog else None) == expected
    assert (expected or "datadog") in dump(config) or expected is None


@pytest.mark.parametrize(
    ("text", "environ", "message"),
    [
        ("datadog: {api_key_file: nothing-there}", {}, "kvmon.yaml:2: datadog.api_key_file: cannot read"),
        ("datadog: {api_key_file: kvmon.yaml, dogstatsd: 'udp://h'}", {}, "dogstatsd and api_key_file are different ways"),
        ("datadog: {api_key: secret-key, site: datadoghq.org}", {}, "use one of datadoghq.com"),
        ("datadog: {api_key: secret-key}", {"DD_SITE": "moon"}, "DD_SITE: 'moon' is no site"),
        ("datadog: {api_key: secret-key, api: 'http://elsewhere.example.net'}", {}, "http would show the API key"),
        ("datadog: {api_key: secret-key, proxy: 'secret-key@proxy'}", {}, "it is no address of a proxy"),
        ("datadog: {api_key: secret-key}", {"HTTPS_PROXY": "socks5://secret-key@h"}, "HTTPS_PROXY: it is no address"),
        ("datadog: {exclude: ['redis.(']}", {}, "is no regular expression"),
        ("datadog: {namespace: 'redis.'}", {}, "is no beginning of names"),
        ("datadog: {dogstatsd: 'tcp://h:1'}", {}, "udp://HOST:PORT or unix:///PATH"),
        ("datadog: {dogstatsd: 'udp://h:99999'}", {}, "udp://HOST:PORT or unix:///PATH"),
        ("datadog: {dogstatsd: 'unix://relative'}", {}, "udp://HOST:PORT or unix:///PATH"),
        ("datadog: {intervall: 1s}", {}, "interval"),
        ("", {"DD_DOGSTATSD_URL": "nonsense"}, "udp://HOST:PORT or unix:///PATH"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, text: str, environ: dict[str, str], message: str) -> None:
    with pytest.raises(Mistakes) as raised:
        written(tmp_path, text, environ)
    assert message in str(raised.value)
    assert "secret-key" not in str(raised.value)


KEY = {"DD_API_KEY": "secret-key"}


@pytest.mark.parametrize(
    ("text", "environ", "url", "proxy"),
    [
        ("datadog: {interval: 30s}", KEY, "https://api.datadoghq.com", None),
        ("datadog: {api_key: secret-key, site: us5}", {}, "https://api.us5.datadoghq.com", None),
        ("datadog: {api_key_file: key}", HOST, "https://api.datadoghq.com", None),
        ("datadog: {api_key_file: key, site: datadoghq.eu}", {"DD_SITE": "us3"}, "https://api.datadoghq.eu", None),
        ("datadog: {site: gov}", KEY, "https://api.ddog-gov.com", None),
        ("datadog: {}", {**KEY, "DD_SITE": "ap1.datadoghq.com"}, "https://api.ap1.datadoghq.com", None),
        ("datadog: {api: 'https://pvtlink.example.net/'}", KEY, "https://pvtlink.example.net", None),
        ("datadog: {}", {**KEY, "HTTPS_PROXY": "proxy:3128"}, "https://api.datadoghq.com", "http://proxy:3128"),
        ("datadog: {}", {**KEY, "HTTPS_PROXY": "http://p", "NO_PROXY": ".datadoghq.com"}, "https://api.datadoghq.com", None),
        ("datadog: {proxy: 'http://u:secret-key@p'}", KEY, "https://api.datadoghq.com", "http://u:secret-key@p"),
    ],
)
def test_without_an_agent(tmp_path: Path, text: str, environ: dict[str, str], url: str, proxy: str | None) -> None:
    (tmp_path / "key").write_text("secret-key\n")
    config = written(tmp_path, text, environ)
    assert config.datadog is not None
    assert config.datadog.agentless
    assert (config.datadog.api_url, config.datadog.dogstatsd) == (url, None)
    assert (config.datadog.proxy.get_secret_value() if config.datadog.proxy else None) == proxy
    assert config.datadog.api_key_file in (None, str(tmp_path / "key"))
    assert "secret-key" not in dump(config) + repr(config)


def test_a_key_alone_turns_nothing_on_and_an_agent_goes_first(tmp_path: Path) -> None:
    assert written(tmp_path, "", KEY).datadog is None
    config = written(tmp_path, "datadog: {}", {**KEY, **HOST})
    assert config.datadog is not None
    assert not config.datadog.agentless
    assert "secret-key" not in dump(config)
