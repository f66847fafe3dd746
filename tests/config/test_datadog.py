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
        ("datadog: {api_key_file: key}", {}, "api_key_file is not supported by this version"),
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
