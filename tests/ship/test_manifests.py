"""What the charts make is what Kubernetes takes: validated against the schemas of three of its versions."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.servers.kinds import missing, tool
from tests.ship.test_chart import CHART, ROOT, TABLE, helm

VERSIONS = ["1.29", "1.33", "1.37"]
OPERATOR = {"ServiceMonitor", "PodMonitor", "PrometheusRule"}
"""Kinds of the Prometheus operator, which Kubernetes' own schemas do not have."""

Manifest = dict[str, Any]


def faults(manifests: list[Manifest], version: str) -> list[str]:
    """What Kubernetes of this version would refuse; unknown fields too."""
    try:
        import kubernetes_validate
    except ImportError:
        missing("kubernetes-validate")
    found = []
    for manifest in manifests:
        if manifest["kind"] in OPERATOR:
            continue
        try:
            kubernetes_validate.validate(manifest, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            found.append(f"{manifest['kind']} {list(error.path)}: {error.message}")
    return found


def documents(text: str) -> list[Manifest]:
    return [manifest for manifest in yaml.safe_load_all(text) if manifest]


@pytest.mark.slow
@pytest.mark.parametrize("file", TABLE)
def test_every_table_of_values_makes_manifests_that_kubernetes_takes(file: str) -> None:
    done = helm("template", "it", str(CHART), "--values", str(CHART / "ci" / file))
    assert done.returncode == 0, done.stderr
    manifests = documents(done.stdout)
    assert len(manifests) > 3
    assert {version: faults(manifests, version) for version in VERSIONS} == {version: [] for version in VERSIONS}


@pytest.mark.slow
def test_a_wrong_field_is_found() -> None:
    wrong = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}, "spec": {"ports": [{"port": "x", "portt": 1}]}}
    assert all(faults([wrong], version) for version in VERSIONS)


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example of a sidecar with its dependency, which lies beside it."""
    folder = tmp_path_factory.mktemp("charts")
    for chart in ("helm/kvmon-sidecar", "examples/sidecar"):
        shutil.copytree(ROOT / chart, folder / chart)
    done = subprocess.run(
        [tool("HELM"), "dependency", "build", str(folder / "examples" / "sidecar")],
        capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return folder / "examples" / "sidecar"


def test_a_sidecar_is_one_more_restricted_container(example: Path) -> None:
    done = helm("template", "cache", str(example), "--set", "podMonitor=true")
    assert done.returncode == 0, done.stderr
    found = {manifest["kind"]: manifest for manifest in documents(done.stdout)}
    pod = found["StatefulSet"]["spec"]["template"]["spec"]
    server, kvmon = pod["containers"]
    assert (server["name"], kvmon["name"], kvmon["image"]) == ("valkey", "kvmon", "kvmon:0.1.0")
    assert kvmon["securityContext"]["readOnlyRootFilesystem"] is True
    assert kvmon["securityContext"]["runAsUser"] == 65532
    assert "readinessProbe" not in kvmon
    assert pod["enableServiceLinks"] is False
    named = {entry["name"]: entry.get("value", entry.get("valueFrom")) for entry in kvmon["env"]}
    assert named["REDIS_ADDR"] == "redis://localhost:6379"
    assert named["REDIS_PASSWORD"] == server["env"][0]["valueFrom"]
    (endpoint,) = found["PodMonitor"]["spec"]["podMetricsEndpoints"]
    assert endpoint["port"] == kvmon["ports"][0]["name"]


@pytest.mark.slow
def test_kubernetes_takes_a_pod_with_a_sidecar(example: Path) -> None:
    done = helm("template", "cache", str(example))
    for version in VERSIONS:
        assert faults(documents(done.stdout), version) == []
