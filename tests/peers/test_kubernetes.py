"""The API of Kubernetes that kvmon is tested with is one for Prometheus too: its own client finds the same Pods there."""

from __future__ import annotations

import contextlib
import json
import subprocess
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.servers.daemon import Daemon
from tests.servers.kinds import tool
from tests.servers.kubernetes import KubernetesApi
from tests.servers.ports import free_port
from tests.servers.tls import Certificates
from tests.servers.waiting import until

KEEP = {
    "source_labels": ["__meta_kubernetes_pod_annotation_kvmon_watch", "__meta_kubernetes_pod_phase"],
    "regex": "true;Running", "action": "keep",
}  # fmt: skip
"""What kvmon means by its annotation, in Prometheus' words."""


@pytest.mark.slow
def test_prometheus_finds_the_same_pods(certificates: Certificates, start_daemon: Callable[..., Daemon], tmp_path: Path) -> None:
    (tmp_path / "token").write_text("one")
    secured = {"ca": certificates["ca.pem"]}
    with KubernetesApi(certificates) as api:
        for number in range(130):
            api.pod(f"p{number:03}", 7000 + number, watch="true" if number % 3 else "false")
        theirs_sd: dict[str, Any] = {
            "role": "pod", "api_server": api.url, "authorization": {"credentials_file": str(tmp_path / "token")},
            "tls_config": {"ca_file": certificates["ca.pem"]},
        }  # fmt: skip
        job = {"job_name": "pods", "kubernetes_sd_configs": [theirs_sd], "relabel_configs": [KEEP]}
        (tmp_path / "prometheus.yml").write_text(yaml.safe_dump({"scrape_configs": [job]}))
        port = free_port()
        with subprocess.Popen(
            [
                tool("PROMETHEUS"), f"--config.file={tmp_path / 'prometheus.yml'}", f"--storage.tsdb.path={tmp_path / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
            ],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        ) as prometheus:  # fmt: skip
            try:
                source = {"role": "pod", "api": api.url, "token_file": str(tmp_path / "token"), "tls": secured}
                daemon = start_daemon({"discovery": {"kubernetes": [source], "defaults": {"probe": False}}})

                def theirs() -> set[str]:
                    with (
                        contextlib.suppress(OSError),
                        urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/targets?state=active", timeout=30) as answer,
                    ):
                        found = json.load(answer)["data"]["activeTargets"]
                        names = (one["discoveredLabels"] for one in found)
                        return {f"{one['__meta_kubernetes_pod_name']}.{one['__meta_kubernetes_namespace']}" for one in names}
                    return set()

                def ours() -> set[str]:
                    return {group["labels"]["target"] for group in daemon.get("/discover").json()}

                expected = {f"p{number:03}.web" for number in range(130) if number % 3}
                until(lambda: ours() == theirs() == expected, what="the same Pods")
                api.pod("p001", 7001, watch="true", phase="Succeeded")
                api.pod("new", watch="true")
                api.delete("pods", "p002")
                expected = (expected - {"p001.web", "p002.web"}) | {"new.web"}
                until(lambda: ours() == theirs() == expected, what="the same changes")
                assert api.asked["list pods"] >= 2
            finally:
                prometheus.terminate()
