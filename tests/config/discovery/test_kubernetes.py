"""What annotations of Services and Pods come to."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvmon.config.discovery.kubernetes import group_of
from kvmon.config.discovery.sources import KubernetesSource

PODS, SERVICES = KubernetesSource(role="pod"), KubernetesSource(role="service")


def pod(*ports: dict[str, Any], status: dict[str, Any] | None = None, **said: str) -> dict[str, Any]:
    annotations = {f"kvmon/{name}": value for name, value in {"watch": "true", **said}.items()}
    about = {"name": "cache-0", "namespace": "web", "annotations": {**annotations, "other/watch": "false"}}
    running = {"phase": "Running", "podIP": "10.0.0.7"}
    return {"metadata": about, "spec": {"containers": [{"ports": list(ports)}]}, "status": running | (status or {})}


def port(number: int, name: str = "", protocol: str = "TCP") -> dict[str, Any]:
    return {"containerPort": number, "name": name, "protocol": protocol}


@pytest.mark.parametrize(
    ("item", "url"),
    [
        (pod(), "redis://10.0.0.7:6379"),
        (pod(port(7000)), "redis://10.0.0.7:7000"),
        (pod(port(9121, "http"), port(7001, "valkey"), port(6379)), "redis://10.0.0.7:7001"),
        (pod(port(9121), port(6379)), "redis://10.0.0.7:6379"),
        (pod(port(53, protocol="UDP"), port(7000)), "redis://10.0.0.7:7000"),
        (pod(port(1), port(2, "two"), port="two", scheme="rediss"), "rediss://10.0.0.7:2"),
        (pod(port(1), port="6400"), "redis://10.0.0.7:6400"),
        (pod(status={"podIP": "fd00::7"}), "redis://[fd00::7]:6379"),
    ],
)
def test_how_a_pod_is_reached(item: dict[str, Any], url: str) -> None:
    group = group_of(item, PODS)
    assert group is not None
    assert (group.targets, group.problem) == ((url,), "")


@pytest.mark.parametrize(
    "item",
    [
        pod(watch="false"), pod(status={"phase": "Pending"}), pod(status={"phase": "Failed"}), pod(status={"podIP": None}),
        {**pod(), "metadata": {**pod()["metadata"], "deletionTimestamp": "2026-01-01T00:00:00Z"}},
        {**pod(), "metadata": {"name": "a", "namespace": "b"}},
    ],
)  # fmt: skip
def test_what_is_no_target(item: dict[str, Any]) -> None:
    assert group_of(item, PODS) is None


@pytest.mark.parametrize(
    ("item", "why"),
    [
        (pod(watch="yes"), 'write "true" or "false"'), (pod(scheme="unix"), "use one of redis, rediss"),
        (pod(port(1), port(2)), "several ports"), (pod(port(1), port="two"), "no name of one of its ports"),
        (pod(port="70000"), "no port"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(item: dict[str, Any], why: str) -> None:
    group = group_of(item, PODS)
    assert group is not None
    assert group.targets == ()
    assert group.problem.startswith("pod web/cache-0 is left out: ")
    assert why in group.problem


def test_labels_options_and_a_name_that_no_other_namespace_can_take() -> None:
    group = group_of(pod(target="orders", topology="cluster", password="x"), PODS.model_copy(update={"labels": {"team": "web"}}))
    assert group is not None
    assert dict(group.labels) == {
        "__kvmon_topology": "cluster", "namespace": "web", "pod": "cache-0", "target": "orders.web", "team": "web",
    }  # fmt: skip
    assert "kvmon/password is none that is known" in group.problem
    long = group_of(pod(target="o" * 70), PODS)
    other = group_of(pod(target="o" * 71), PODS)
    assert long is not None
    assert other is not None
    names = {dict(one.labels)["target"] for one in (long, other)}
    assert (len(names), {len(name) <= 63 for name in names}) == (2, {True})


def test_a_service_is_reached_by_its_name() -> None:
    about = {"name": "cache", "namespace": "web", "annotations": {"kvmon/watch": "true"}}
    group = group_of({"metadata": about, "spec": {"ports": [{"port": 6380, "name": "rediss"}, {"port": 80}]}}, SERVICES)
    assert group is not None
    assert group.targets == ("redis://cache.web.svc:6380",)
    assert dict(group.labels) == {"namespace": "web", "service": "cache", "target": "cache.web"}


keys = st.sampled_from(
    [
        "metadata",
        "spec",
        "status",
        "annotations",
        "kvmon/watch",
        "kvmon/port",
        "ports",
        "containers",
        "podIP",
        "phase",
        "port",
        "name",
    ]
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["true", "Running", "x"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=5),
    max_leaves=20,
)


@given(st.dictionaries(keys, values))
def test_any_object_is_read(item: dict[str, Any]) -> None:
    for source in (PODS, SERVICES):
        group_of(item, source)
