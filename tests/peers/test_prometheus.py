"""A real Prometheus takes what we expose, in every format it can ask for."""

from __future__ import annotations

import contextlib
import json
import subprocess
import urllib.parse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics_families

from tests.peers.live import fetch
from tests.servers.daemon import Daemon
from tests.servers.kinds import tool
from tests.servers.pages import samples
from tests.servers.ports import free_port
from tests.servers.server import Server
from tests.servers.waiting import until

FORMATS = {
    "text0": "text/plain;version=0.0.4",
    "text1": "text/plain;version=1.0.0;escaping=allow-utf-8",
    "openmetrics": "application/openmetrics-text;version=1.0.0",
}
HARMLESS = (
    "no help text",
    "should have",
    "should not",
    "should contain",
    "should be",
    "use base unit",
    "abbreviated",
    "camelCase",
)
"""What promtool thinks of redis_exporter's names, which we keep."""


def names(page: str, *, openmetrics: bool) -> set[str]:
    families = openmetrics_families(page) if openmetrics else ()  # type: ignore[no-untyped-call]  # its parser has no types
    found = (one for family in families for one in family.samples) if openmetrics else samples(page)
    return {sample.name for sample in found if not sample.name.endswith("_created")}


def test_promtool_finds_no_error_of_format(server: Server, start_daemon: Callable[..., Daemon]) -> None:
    promtool = tool("PROMTOOL")
    daemon = start_daemon({"interval": "1s", "targets": [{"name": "it", "url": server.url}]})
    daemon.until("redis_up", 1, target="it")
    page = daemon.get("/metrics").body
    result = subprocess.run([promtool, "check", "metrics"], input=page, capture_output=True, check=False, timeout=60)
    said = (result.stdout + result.stderr).decode().splitlines()
    wrong = [line for line in said if line and not any(word in line for word in HARMLESS)]
    assert wrong == []
    assert result.returncode in {0, 3}, "1 is a page that cannot be parsed, 3 has remarks on names"


def test_names_are_the_same_in_all_formats(server: Server, start_daemon: Callable[..., Daemon]) -> None:
    daemon = start_daemon({"interval": "1s", "targets": [{"name": "it", "url": server.url}]})
    daemon.until("redis_up", 1, target="it")
    pages = {name: daemon.get("/metrics?target=it", headers={"Accept": accept}) for name, accept in FORMATS.items()}
    assert pages["openmetrics"].headers["Content-Type"].startswith("application/openmetrics-text")
    found = {name: names(page.text, openmetrics=name == "openmetrics") for name, page in pages.items()}
    redis = {name: {one for one in all_of if one.startswith("redis_")} for name, all_of in found.items()}
    assert len(redis["text0"]) > 100
    assert redis["text0"] == redis["text1"] == redis["openmetrics"]


@pytest.mark.slow
def test_prometheus_scrapes_without_an_error(valkey: Server, start_daemon: Callable[..., Daemon], tmp_path: Path) -> None:
    prometheus = tool("PROMETHEUS")
    daemon = start_daemon({"interval": "1s", "targets": [{"name": "it", "url": valkey.url}]})
    port = free_port()
    jobs = [
        {
            "job_name": name, "honor_labels": True, "scrape_interval": "1s", "scrape_timeout": "1s",
            "scrape_protocols": [protocol], "static_configs": [{"targets": [f"127.0.0.1:{daemon.port}"]}],
        }
        for name, protocol in {
            "text0": "PrometheusText0.0.4", "text1": "PrometheusText1.0.0", "openmetrics": "OpenMetricsText1.0.0",
        }.items()
    ]  # fmt: skip
    for job in jobs:
        job["scrape_interval"], job["scrape_timeout"] = "3s", "3s"
    (tmp_path / "prometheus.yml").write_text(json.dumps({"scrape_configs": jobs}))
    log = (tmp_path / "log").open("wb")
    process = subprocess.Popen(
        [
            prometheus, f"--config.file={tmp_path / 'prometheus.yml'}", f"--web.listen-address=127.0.0.1:{port}",
            f"--storage.tsdb.path={tmp_path / 'data'}", "--log.level=warn",
        ],
        stdin=subprocess.DEVNULL, stdout=log, stderr=log,
    )  # fmt: skip

    def query(expression: str) -> list[dict[str, Any]]:
        with contextlib.suppress(OSError):
            words = urllib.parse.urlencode({"query": expression})
            answer = json.loads(fetch(f"http://127.0.0.1:{port}/api/v1/query?{words}"))
            return list(answer["data"]["result"])
        return []

    try:
        until(lambda: len(query("up == 1")) == 3, what="three formats scraped")
        until(lambda: len(query('redis_up{target="it"} == 1')) == 3, what="redis_up in three formats")
        targets = json.loads(fetch(f"http://127.0.0.1:{port}/api/v1/targets"))["data"]["activeTargets"]
        assert [target["lastError"] for target in targets] == ["", "", ""]
        found = {job: {row["metric"]["__name__"] for row in query(f'{{__name__=~"redis_.+", job="{job}"}}')} for job in FORMATS}
        assert len(found["text0"]) > 100
        assert found["text0"] == found["text1"] == found["openmetrics"]
    finally:
        process.kill()
        process.wait(20)
        log.close()
    warnings = [line for line in (tmp_path / "log").read_text().splitlines() if "level=WARN" in line or "level=warn" in line]
    assert [line for line in warnings if "scrape" in line.lower()] == []
