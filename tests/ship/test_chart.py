"""The chart, as Helm renders it."""

from __future__ import annotations

import json
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from kvmon.config import load
from tests.servers.kinds import tool

ROOT = Path(__file__).parents[2]
CHART = ROOT / "helm" / "kvmon"
TABLE = sorted(path.name for path in (CHART / "ci").glob("*-values.yaml"))
ONE = {"redisAddress": "redis://one:6379"}

RIGHTS = {"Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"}

Manifests = dict[str, dict[str, Any]]


def helm(*words: str, values: dict[str, Any] | None = None) -> subprocess.CompletedProcess[str]:
    given = ["--values", "-"] if values is not None else []
    return subprocess.run(
        [tool("HELM"), *words, *given], input=json.dumps(values or {}), capture_output=True, text=True, timeout=120, check=False
    )


def rendered(*words: str, values: dict[str, Any] | None = None) -> Manifests:
    """The manifests by kind; there is one of each, but for the Pod of `helm test` and extra ConfigMaps."""
    done = helm("template", "it", str(CHART), "--namespace", "watching", *words, values=values)
    assert done.returncode == 0, done.stderr
    found: Manifests = {}
    for manifest in yaml.safe_load_all(done.stdout):
        if manifest:
            found.setdefault(manifest["kind"], manifest)
    return found


def refusal(values: dict[str, Any]) -> str:
    done = helm("template", "it", str(CHART), values=values)
    assert done.returncode != 0, done.stdout
    return done.stderr


def pod(manifests: Manifests) -> dict[str, Any]:
    found: dict[str, Any] = workload(manifests)["spec"]["template"]["spec"]
    return found


def workload(manifests: Manifests) -> dict[str, Any]:
    (kind,) = {"Deployment", "StatefulSet"} & set(manifests)
    return manifests[kind]


def container(manifests: Manifests) -> dict[str, Any]:
    (only,) = pod(manifests)["containers"]
    return dict(only)


def environment(manifests: Manifests) -> dict[str, Any]:
    return {entry["name"]: entry.get("value", entry.get("valueFrom")) for entry in container(manifests)["env"]}


@pytest.mark.parametrize("file", TABLE)
def test_every_table_of_values_passes_lint_and_renders(file: str) -> None:
    done = helm("lint", "--strict", str(CHART), "--values", str(CHART / "ci" / file))
    assert done.returncode == 0, done.stdout + done.stderr
    manifests = rendered("--values", str(CHART / "ci" / file))
    assert {"Service", "ServiceAccount"} <= set(manifests)
    assert workload(manifests)["spec"]["template"]["metadata"]["labels"]


def test_versions_are_those_of_the_package() -> None:
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert chart["appVersion"] == version


@pytest.mark.parametrize("file", TABLE)
def test_pods_satisfy_the_restricted_standard(file: str) -> None:
    manifests = rendered("--values", str(CHART / "ci" / file))
    for spec in (pod(manifests), manifests["Pod"]["spec"]):
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["runAsUser"] == 65532
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for each in spec["containers"]:
            assert each["securityContext"] == {
                "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
            }  # fmt: skip


def test_probes_service_and_monitor_meet_at_the_port() -> None:
    manifests = rendered(values={**ONE, "containerPort": 9200, "service": {"port": 80}, "serviceMonitor": {"enabled": True}})
    it = container(manifests)
    assert it["ports"] == [{"name": "http", "containerPort": 9200, "protocol": "TCP"}]
    assert environment(manifests)["KVMON_LISTEN"] == "0.0.0.0:9200"
    for probe, path in (("livenessProbe", "/livez"), ("readinessProbe", "/readyz"), ("startupProbe", "/startupz")):
        assert (it[probe]["httpGet"]["path"], it[probe]["httpGet"]["port"]) == (path, "http")
    assert it["resources"]["limits"]["memory"]
    (port,) = manifests["Service"]["spec"]["ports"]
    assert (port["name"], port["port"], port["targetPort"]) == ("http", 80, "http")
    labels = manifests["Deployment"]["spec"]["template"]["metadata"]["labels"]
    assert manifests["Service"]["spec"]["selector"].items() <= labels.items()
    monitor = manifests["ServiceMonitor"]["spec"]
    assert monitor["endpoints"] == [{"port": "http", "path": "/metrics", "scheme": "http", "honorLabels": True}]
    assert monitor["selector"]["matchLabels"].items() <= manifests["Service"]["metadata"]["labels"].items()
    assert not manifests["Service"]["spec"]["selector"].items() <= manifests["Pod"]["metadata"]["labels"].items()


def test_the_file_in_the_configmap_is_one_that_kvmon_takes(tmp_path: Path) -> None:
    targets = [
        {"name": "a", "url": "redis://a:6379", "password": "${A}", "labels": {"on": "yes"}},
        {"name": "b", "url": "redis://b"},
    ]
    manifests = rendered(values={"config": {"interval": "5s", "targets": targets}, "env": {"A": "s3cret"}})
    file = tmp_path / "kvmon.yaml"
    file.write_text(manifests["ConfigMap"]["data"]["kvmon.yaml"])
    config = load(str(file), environment(manifests))
    assert [target.name for target in config.targets] == ["a", "b"]
    assert (config.interval, config.listen) == (5.0, "0.0.0.0:9121")
    assert container(manifests)["args"] == ["run", "--config=/etc/kvmon/kvmon.yaml"]
    (mount,) = container(manifests)["volumeMounts"]
    assert mount == {"name": "config", "mountPath": "/etc/kvmon", "readOnly": True}
    assert pod(manifests)["volumes"] == [{"name": "config", "configMap": {"name": "it-kvmon"}}]


def test_a_change_of_the_file_replaces_the_pods() -> None:
    def checksum(interval: str) -> str:
        manifests = rendered(values={"config": {"interval": interval, "targets": [{"name": "a", "url": "redis://a"}]}})
        return str(manifests["Deployment"]["spec"]["template"]["metadata"]["annotations"]["checksum/config"])

    assert checksum("5s") == checksum("5s") != checksum("6s")


def test_secrets_are_folders_and_variables_stay_references() -> None:
    manifests = rendered("--values", str(CHART / "ci" / "config-values.yaml"))
    mounts = {mount["mountPath"]: mount["name"] for mount in container(manifests)["volumeMounts"]}
    volumes = {volume["name"]: volume for volume in pod(manifests)["volumes"]}
    assert volumes[mounts["/secrets/sessions"]]["secret"] == {"secretName": "sessions", "defaultMode": 0o440}
    assert environment(manifests)["QUEUE_PASSWORD"] == {"secretKeyRef": {"name": "queue", "key": "password"}}
    assert "Secret" not in manifests


def test_values_of_the_exporters_chart_mean_the_same() -> None:
    manifests = rendered("--values", str(CHART / "ci" / "exporter-values.yaml"))
    variables = environment(manifests)
    assert variables["REDIS_ADDR"] == "rediss://myredis.example.net:6379"
    assert variables["REDIS_USER"] == "watcher"
    assert variables["REDIS_PASSWORD"] == {"secretKeyRef": {"name": "redis", "key": "redis-password"}}
    ca = variables["REDIS_EXPORTER_TLS_CA_CERT_FILE"]
    assert any(ca == f"{mount['mountPath']}/ca.crt" for mount in container(manifests)["volumeMounts"])
    assert container(manifests)["args"] == ["run", "--include-system-metrics=true", "--log-level=debug"]
    (endpoint,) = manifests["ServiceMonitor"]["spec"]["endpoints"]
    assert (endpoint["interval"], endpoint["scrapeTimeout"]) == ("30s", "10s")
    assert manifests["ServiceMonitor"]["metadata"]["labels"]["release"] == "prometheus"


def test_exporter_mode_may_have_a_file_for_the_rest(tmp_path: Path) -> None:
    manifests = rendered(values={**ONE, "config": {"log": {"level": "debug"}, "collectors": {"slowlog": {"entries": 100}}}})
    file = tmp_path / "kvmon.yaml"
    file.write_text(manifests["ConfigMap"]["data"]["kvmon.yaml"])
    config = load(str(file), environment(manifests))
    assert (config.exporter_mode, config.log.level) == (True, "debug")


def test_numbers_arrive_as_they_were_written() -> None:
    manifests = rendered(
        values={**ONE, "env": {"A": 1000000, "B": 1.5, "C": False}, "extraArgs": {"check-keys-batch-size": 1000000}}
    )
    variables = environment(manifests)
    assert [variables[name] for name in "ABC"] == ["1000000", "1.5", "false"]
    assert container(manifests)["args"][-1] == "--check-keys-batch-size=1000000"


def test_a_password_among_the_values_goes_into_a_secret_only() -> None:
    values = {**ONE, "auth": {"enabled": True, "redisPassword": "pa$$word"}}
    manifests = rendered(values=values)
    assert manifests["Secret"]["data"] == {"redis-password": "cGEkJHdvcmQ="}
    reference = environment(manifests)["REDIS_PASSWORD"]["secretKeyRef"]
    assert reference == {"name": manifests["Secret"]["metadata"]["name"], "key": "redis-password"}
    assert "pa$$word" not in json.dumps(manifests)


def test_what_is_off_by_default_can_be_had() -> None:
    off = {"ServiceMonitor", "PrometheusRule", "PodDisruptionBudget", "NetworkPolicy"}
    assert not off & set(rendered(values=ONE))
    manifests = rendered("--values", str(CHART / "ci" / "everything-values.yaml"))
    assert off <= set(manifests)
    labels = manifests["Deployment"]["spec"]["template"]["metadata"]["labels"]
    assert manifests["PodDisruptionBudget"]["spec"]["minAvailable"] == 1
    assert "maxUnavailable" not in manifests["PodDisruptionBudget"]["spec"]
    assert manifests["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"].items() <= labels.items()
    policy = manifests["NetworkPolicy"]["spec"]
    assert policy["policyTypes"] == ["Ingress"]
    assert policy["ingress"][0]["ports"] == [{"port": "http", "protocol": "TCP"}]
    assert policy["ingress"][0]["from"]
    assert manifests["PrometheusRule"]["spec"]["groups"][0]["rules"][0]["alert"] == "RedisDown"
    assert manifests["ServiceAccount"]["metadata"]["annotations"] == {"example.net/role": "kvmon"}
    assert environment(manifests)["REDIS_PASSWORD_FILE"] == "/secrets/redis-password/password"


def test_shards_are_the_pods_of_a_stateful_set() -> None:
    manifests = rendered("--values", str(CHART / "ci" / "sharded-values.yaml"))
    it, variables = manifests["StatefulSet"], environment(manifests)
    assert (it["spec"]["replicas"], it["spec"]["podManagementPolicy"]) == (3, "Parallel")
    assert it["spec"]["serviceName"] == manifests["Service"]["metadata"]["name"]
    assert variables["POD_NAME"] == {"fieldRef": {"fieldPath": "metadata.name"}}
    parts = []
    for number in range(3):
        named = {"REDIS_URL": "redis://a", "KVMON_SHARD": variables["KVMON_SHARD"], "POD_NAME": f"it-kvmon-{number}"}
        parts.append(load(None, named).part)
    assert [(part.number, part.of) for part in parts if part] == [(1, 3), (2, 3), (3, 3)]
    (claim,) = it["spec"]["volumeClaimTemplates"]
    mounts = {mount["name"]: mount["mountPath"] for mount in container(manifests)["volumeMounts"]}
    assert mounts[claim["metadata"]["name"]] == variables["KVMON_STATE_DIR"]
    assert claim["spec"]["resources"]["requests"] == {"storage": "2Gi"}
    labels = it["spec"]["template"]["metadata"]["labels"]
    monitor = manifests["PodMonitor"]["spec"]
    assert monitor["selector"]["matchLabels"].items() <= labels.items()
    assert monitor["podMetricsEndpoints"] == [
        {"port": "http", "path": "/metrics", "scheme": "http", "honorLabels": True, "interval": "15s"}
    ]


def test_a_disk_makes_a_stateful_set_of_one() -> None:
    manifests = rendered(values={**ONE, "persistence": {"enabled": True}})
    assert manifests["StatefulSet"]["spec"]["replicas"] == 1
    assert "KVMON_SHARD" not in environment(manifests)


def test_identities_of_clouds_are_told_where_their_webhooks_look() -> None:
    azure = rendered("--values", str(CHART / "ci" / "azure-values.yaml"))
    assert azure["ServiceAccount"]["metadata"]["annotations"] == {
        "azure.workload.identity/client-id": "00000000-0000-0000-0000-000000000001",
        "azure.workload.identity/tenant-id": "00000000-0000-0000-0000-000000000002",
    }
    assert azure["Deployment"]["spec"]["template"]["metadata"]["labels"]["azure.workload.identity/use"] == "true"
    aws = rendered("--values", str(CHART / "ci" / "aws-values.yaml"))
    role = "arn:aws:iam::123456789012:role/kvmon"
    assert aws["ServiceAccount"]["metadata"]["annotations"] == {"eks.amazonaws.com/role-arn": role}
    assert aws["NetworkPolicy"]["spec"]["policyTypes"] == ["Ingress", "Egress"]
    for manifests in (azure, aws):
        assert pod(manifests)["serviceAccountName"] == manifests["ServiceAccount"]["metadata"]["name"]


@pytest.mark.parametrize("file", TABLE)
def test_only_who_asks_the_api_of_the_cluster_has_a_token_and_rights(file: str) -> None:
    manifests = rendered("--values", str(CHART / "ci" / file))
    asks = file == "discovery-values.yaml"
    assert pod(manifests)["automountServiceAccountToken"] is asks
    assert manifests["Pod"]["spec"]["automountServiceAccountToken"] is False
    assert bool(RIGHTS & set(manifests)) is asks


def test_rights_are_what_discovery_asks_for_and_no_more() -> None:
    def rights(values: dict[str, Any]) -> dict[tuple[str, str], tuple[list[str], list[str]]]:
        done = helm("template", "it", str(CHART), "--namespace", "watching", values=values)
        assert done.returncode == 0, done.stderr
        made = [one for one in yaml.safe_load_all(done.stdout) if one and one["kind"] in RIGHTS]
        bound = {(one["roleRef"]["kind"], one["metadata"].get("namespace", "")): one for one in made if "roleRef" in one}
        found = {}
        for one in made:
            if "rules" in one:
                (rule,) = one["rules"]
                binding = bound.pop(key := (one["kind"], one["metadata"].get("namespace", "")))
                assert binding["kind"] == f"{one['kind']}Binding"
                assert binding["roleRef"]["name"] == one["metadata"]["name"]
                assert binding["subjects"] == [{"kind": "ServiceAccount", "name": "it-kvmon", "namespace": "watching"}]
                found[key] = (rule["resources"], rule["verbs"])
        assert not bound
        return found

    def of(*sources: Any, **more: Any) -> dict[tuple[str, str], tuple[list[str], list[str]]]:
        return rights({"config": {"discovery": {"kubernetes": list(sources)}}, **more})

    verbs = ["list", "watch"]
    assert of("pod", {"role": "service"}, "pod") == {("ClusterRole", ""): (["pods", "services"], verbs)}
    assert of({"role": "pod", "namespaces": ["web", "shop"]}, {"role": "service", "namespaces": ["web"]}) == {
        ("Role", "shop"): (["pods"], verbs), ("Role", "web"): (["pods", "services"], verbs),
    }  # fmt: skip
    assert of({"role": "pod", "api": "https://elsewhere.example"}) == {}
    assert of("pod", rbac={"create": False}) == {}


def test_dashboards_come_as_the_configmaps_that_grafanas_sidecar_looks_for() -> None:
    done = helm("template", "it", str(CHART), "--values", str(CHART / "ci" / "sharded-values.yaml"))
    maps = [one for one in yaml.safe_load_all(done.stdout) if one and "grafana_dashboard" in one["metadata"].get("labels", {})]
    shipped = {path.name: path.read_text() for path in (ROOT / "dashboards" / "grafana").glob("*.json")}
    assert {name: json.loads(text) for one in maps for name, text in one["data"].items()} == {
        name: json.loads(text) for name, text in shipped.items()
    }
    assert all(one["metadata"]["annotations"] == {"grafana_folder": "Redis"} for one in maps)
    assert len({one["metadata"]["name"] for one in maps}) == len(shipped)


def test_the_schema_knows_every_value_and_no_other() -> None:
    def keys(value: Any, prefix: str = "") -> set[str]:
        if not isinstance(value, dict) or prefix.endswith("Probe"):
            return {prefix}
        return {prefix}.union(*(keys(inner, f"{prefix}.{name}") for name, inner in value.items()))

    schema = json.loads((CHART / "values.schema.json").read_text())

    def known(key: str) -> bool:
        at = schema
        for part in key.split(".")[1:]:
            if "properties" not in at:
                return at.get("additionalProperties") is not False
            if part not in at["properties"]:
                return at.get("additionalProperties", True) is not False
            at = at["properties"][part]
        return True

    values = yaml.safe_load((CHART / "values.yaml").read_text())
    assert {key for key in keys(values) if not known(key)} == set()
    assert schema["additionalProperties"] is False
    assert set(values) <= set(schema["properties"])


def test_the_shipped_alerts_come_as_a_prometheus_rule() -> None:
    on = {**ONE, "prometheusRule": {"enabled": True}}
    groups = rendered(values=on)["PrometheusRule"]["spec"]["groups"]
    files = sorted((CHART.parents[1] / "alerts").glob("*.yaml"))
    assert groups == [group for file in files for group in yaml.safe_load(file.read_text())["groups"]]

    own = {"enabled": True, "shipped": False, "rules": [{"record": "x", "expr": "1"}]}
    (group,) = rendered(values={**ONE, "prometheusRule": own})["PrometheusRule"]["spec"]["groups"]
    assert group["rules"] == own["rules"]


@pytest.mark.parametrize(
    ("values", "word"),
    [
        ({**ONE, "replicaCount": "two"}, "replicaCount"),
        ({**ONE, "replicas": 2}, "replicas"),
        ({**ONE, "serviceMonitor": {"interval": "often"}}, "interval"),
        ({**ONE, "config": {"listen": "0.0.0.0:1"}}, "listen"),
        ({"config": {"targets": [{"url": "redis://a"}]}}, "name"),
        ({**ONE, "redisTlsConfig": {"serverKeyFile": {}}}, "serverKeyFile"),
    ],
)
def test_the_schema_refuses_a_wrong_value_and_names_it(values: dict[str, Any], word: str) -> None:
    said = refusal(values)
    assert "schema" in said
    assert word in said


@pytest.mark.parametrize(
    ("values", "advice"),
    [
        ({}, "config.targets"),
        ({**ONE, "config": {"targets": [{"name": "a", "url": "redis://a"}]}}, "keep one"),
        ({**ONE, "auth": {"enabled": True}}, "exactly one"),
        ({"env": {"REDIS_URL": "redis://a"}, "auth": {"enabled": True, "redisPassword": "x"}}, "password_file"),
        ({**ONE, "serviceMonitor": {"multipleTarget": True}}, "config.targets"),
        ({**ONE, "script": {"configmap": "x"}}, "no scripts"),
        ({**ONE, "shards": 2}, "config.targets"),
        ({"config": {"targets": [{"name": "a", "url": "redis://a"}]}, "shards": 2, "replicaCount": 2}, "replicaCount at 1"),
        ({**ONE, "awsRoleArn": "arn:a", "serviceAccount": {"create": False}}, "serviceAccount.create"),
    ],
)
def test_values_that_contradict_each_other_are_refused_with_advice(values: dict[str, Any], advice: str) -> None:
    assert advice in refusal(values)
