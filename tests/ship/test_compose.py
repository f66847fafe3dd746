"""The Compose file: everything it mounts is there, and each program takes its file."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from kvmon.config import load
from tests.servers.kinds import missing, tool
from tests.ship.test_chart import ROOT

FOLDER = ROOT / "examples" / "compose"
COMPOSE: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]


def mounts(service: str) -> dict[str, str]:
    """Where things lie inside -> where they come from."""
    parts = [volume.split(":") for volume in SERVICES[service].get("volumes", ())]
    return {inside: source for source, inside, *_ in parts}


def copied(name: str, service: str, folder: Path) -> Path:
    """A file with the paths of the container changed into those of this repository."""
    text = (FOLDER / name).read_text()
    for inside, source in mounts(service).items():
        if source.startswith("."):
            text = text.replace(f"{inside}/", f"{(FOLDER / source).resolve()}/")
    (folder / name).write_text(text.replace("/var/lib/kvmon", str(folder)))
    return folder / name


@pytest.mark.parametrize("service", SERVICES)
def test_what_a_service_mounts_is_there_and_its_image_is_named(service: str) -> None:
    for source in mounts(service).values():
        assert (FOLDER / source).exists() if source.startswith(".") else source in COMPOSE["volumes"], source
    assert SERVICES[service]["image"].rpartition(":")[2]
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[service].get("ports", ())), "open on this machine only"


def test_kvmon_takes_its_file(tmp_path: Path) -> None:
    config = load(str(copied("kvmon.yaml", "kvmon", tmp_path)), {})
    assert [target.name for target in config.targets] == ["cache"]
    assert len(config.rules.groups) > 5
    assert config.alerting.external_url == "http://127.0.0.1:9121"
    assert mounts("kvmon")["/var/lib/kvmon"] in COMPOSE["volumes"]


PROVIDER = {
    "name", "orgId", "folder", "folderUid", "type", "disableDeletion", "updateIntervalSeconds", "allowUiUpdates", "options",
}  # fmt: skip
DATASOURCE = {
    "name", "type", "access", "orgId", "uid", "url", "user", "database", "basicAuth", "basicAuthUser", "withCredentials",
    "isDefault", "jsonData", "secureJsonData", "version", "editable", "readOnly",
}  # fmt: skip
"""Keys that Grafana's page on provisioning has; it ignores others without a word."""


def provisioning(name: str, key: str) -> list[dict[str, Any]]:
    document = yaml.safe_load((FOLDER / "grafana" / name).read_text())
    assert set(document) == {"apiVersion", key}
    assert document["apiVersion"] == 1
    return list(document[key])


def test_grafana_finds_its_dashboards() -> None:
    assert mounts("grafana")["/etc/grafana/provisioning"] == "./grafana"
    (provider,) = provisioning("dashboards/kvmon.yaml", "providers")
    assert set(provider) <= PROVIDER
    assert provider["type"] == "file"
    source = FOLDER / mounts("grafana")[provider["options"]["path"]]
    dashboards = [json.loads(file.read_text()) for file in source.glob("*.json")]
    assert len({dashboard["uid"] for dashboard in dashboards}) == len({dashboard["title"] for dashboard in dashboards}) > 3
    for dashboard in dashboards:
        # Of two without an id Grafana takes the first; with one that it gave somewhere else it refuses the file.
        assert not dashboard.get("id")
        assert "__inputs" not in dashboard, "a file for people who import it by hand"
        (choice,) = (each for each in dashboard["templating"]["list"] if each["type"] == "datasource")
        assert choice["query"] == "prometheus"
    home = SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert Path(home).parent == Path(provider["options"]["path"])
    assert (source / Path(home).name).exists()


def test_grafana_finds_its_data() -> None:
    found = provisioning("datasources/prometheus.yaml", "datasources")
    assert all(set(data) <= DATASOURCE and data["type"] == "prometheus" and data["access"] == "proxy" for data in found)
    places = [urlsplit(data["url"]) for data in found]
    assert [place.hostname for place in places] == ["prometheus", "kvmon"]
    assert {str(place.hostname) for place in places} <= set(SERVICES)
    assert [place.port for place in places] == [9090, 9121]
    assert [data["name"] for data in found if data.get("isDefault")] == ["Prometheus"]


@pytest.mark.slow
def test_prometheus_and_alertmanager_take_theirs(tmp_path: Path) -> None:
    prometheus = copied("prometheus.yml", "prometheus", tmp_path)
    for order in (
        [tool("PROMTOOL"), "check", "config", str(prometheus)],
        [tool("AMTOOL"), "check-config", str(FOLDER / "alertmanager.yml")],
    ):
        done = subprocess.run(order, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    settings = yaml.safe_load(prometheus.read_text())
    (job,) = settings["scrape_configs"]
    assert job["honor_labels"] is True
    assert "alerting" not in settings, "kvmon tells Alertmanager; one of the two is enough"


@pytest.mark.containers
def test_compose_itself_understands_it() -> None:
    if shutil.which("podman") is None:
        missing("podman")
    done = subprocess.run(
        [sys.executable, "-m", "podman_compose", "config"], cwd=FOLDER, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    assert set(yaml.safe_load(done.stdout)["services"]) == set(SERVICES)
