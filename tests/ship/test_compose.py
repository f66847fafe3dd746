"""The Compose file: everything it mounts is there, and each program takes its file."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

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


def test_grafana_finds_its_dashboards_and_their_data() -> None:
    (provider,) = yaml.safe_load((FOLDER / "grafana/dashboards/kvmon.yaml").read_text())["providers"]
    source = FOLDER / mounts("grafana")[provider["options"]["path"]]
    assert len(list(source.glob("*.json"))) > 3
    home = SERVICES["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert (source / Path(home).name).exists()
    found = yaml.safe_load((FOLDER / "grafana/datasources/prometheus.yaml").read_text())["datasources"]
    assert [data["url"].split("/")[-1].split(":")[0] for data in found if data["url"]] == ["prometheus", "kvmon"]
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
