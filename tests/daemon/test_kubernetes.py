"""Annotated Pods and Services of Kubernetes are targets, while they come and go."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from kvmon.config.discovery.sources import KubernetesSource
from kvmon.daemon import kubernetes
from kvmon.daemon.documents import Shelf
from kvmon.daemon.kubernetes import ask_kubernetes
from tests.servers.daemon import Daemon
from tests.servers.kubernetes import FORBIDDEN, KubernetesApi
from tests.servers.server import Server
from tests.servers.tls import Certificates
from tests.servers.waiting import until

Source = Callable[..., KubernetesSource]
QUICK = {"interval": "500ms", "timeout": "400ms", "probe": False, "topology": "standalone"}


@pytest.fixture
def api(certificates: Certificates, monkeypatch: pytest.MonkeyPatch) -> Iterator[KubernetesApi]:
    monkeypatch.setattr(kubernetes, "FIRST", 0.05)
    with KubernetesApi(certificates) as found:
        yield found


@pytest.fixture
def token(tmp_path: Path) -> Path:
    file = tmp_path / "token"
    file.write_text("one\n")
    return file


@asynccontextmanager
async def watching(source: KubernetesSource) -> AsyncIterator[Shelf]:
    """What is known of a source, while it is watched."""
    shelf = Shelf(lambda: None, time.time)
    task = asyncio.create_task(ask_kubernetes(source, "", shelf))
    try:
        yield shelf
        assert not task.done()
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await met(lambda: not connections(), "its connections, which TLS closes a moment later, are closed")


def connections() -> list[Any]:
    """Those of this process to the API, which listens in it too."""
    found = psutil.Process().net_connections("tcp4")
    listens = {one.laddr.port for one in found if one.status == psutil.CONN_LISTEN}
    return [one for one in found if one.raddr and one.raddr.port in listens]


@pytest.fixture
def source(api: KubernetesApi, certificates: Certificates, token: Path) -> Callable[..., KubernetesSource]:
    """Pods of the API; options on top."""

    def make(**more: Any) -> KubernetesSource:
        given = {"role": "pod", "api": api.url, "token_file": str(token), "tls": {"ca": certificates["ca.pem"]}, **more}
        return KubernetesSource.model_validate({name: value for name, value in given.items() if value is not None})

    return make


async def met(condition: Callable[[], bool], what: str) -> None:
    """Wait for it."""
    try:
        async with asyncio.timeout(60):
            while not condition():  # noqa: ASYNC110 - plain values
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise AssertionError(f"not within a minute: {what}") from None


async def named(shelf: Shelf, *names: str) -> None:
    """Wait until exactly these are named."""
    await met(lambda: [dict(group.labels)["target"] for group in shelf.groups] == list(names), f"{names}")


def test_pods_and_services_are_targets_while_they_are_annotated(
    api: KubernetesApi, certificates: Certificates, token: Path, valkey: Server, start_daemon: Callable[..., Daemon]
) -> None:
    api.pod("a", valkey.port, watch="true", critical="true")
    api.pod("idle", valkey.port)
    api.pod("soon", valkey.port, phase="Pending", watch="true")
    api.service("cache", 8080, 6379, watch="true")
    api.service("many", 1, 2, watch="true")
    source = {"api": api.url, "token_file": str(token), "tls": {"ca": certificates["ca.pem"]}, "labels": {"team": "web"}}
    discovery = {"kubernetes": [{"role": role, **source} for role in ("pod", "service")], "defaults": QUICK}
    daemon = start_daemon({"discovery": discovery})

    def targets() -> dict[str, float]:
        return {sample.labels["target"]: sample.value for sample in daemon.samples("redis_up")}

    until(lambda: targets() == {"a.web": 1, "cache.web": 0}, what=f"what is there\n{daemon.logs}")
    (up,) = daemon.samples("redis_up", target="a.web")
    assert {name: up.labels[name] for name in ("namespace", "pod", "team")} == {"namespace": "web", "pod": "a", "team": "web"}
    assert daemon.samples("redis_up", target="cache.web")[0].labels["instance"] == "cache.web.svc:6379"
    daemon.until("kvmon_discovery_problems", 1)
    assert "service web/many is left out: it has several ports: say which with the annotation kvmon/port" in daemon.logs
    api.pod("b", valkey.port, watch="true", target="shop")
    until(lambda: "shop.web" in targets(), what="a Pod that came")
    api.pod("b", valkey.port)
    api.pod("soon", valkey.port, watch="true")
    until(lambda: targets() == {"a.web": 1, "cache.web": 0, "soon.web": 1}, what="annotations and phases that changed")
    api.delete("pods", "a")
    api.delete("services", "cache")
    until(lambda: targets() == {"soon.web": 1}, what="what went")
    assert api.asked == {"list pods": 1, "watch pods": 1, "list services": 1, "watch services": 1}
    assert daemon.samples("kvmon_discovery_failures_total") == []
    assert "Traceback" not in daemon.logs


async def test_a_watch_that_breaks_goes_on_where_it_was_with_the_token_of_that_time(
    api: KubernetesApi, source: Source, token: Path
) -> None:
    api.pod("a", watch="true")
    async with watching(source()) as shelf:
        await named(shelf, "a.web")
        token.write_text("two")  # noqa: ASYNC240 - a few bytes
        api.tokens = {"two"}
        api.cut()
        api.pod("b", watch="true")
        api.delete("pods", "a")
        await named(shelf, "b.web")
        assert api.asked["list pods"] == 1
        assert api.seen[-1] == "two"


async def test_what_the_api_no_longer_knows_is_listed_anew(api: KubernetesApi, source: Source) -> None:
    api.pod("a", watch="true")
    async with watching(source()) as shelf:
        await named(shelf, "a.web")
        api.pod("b", watch="true")
        api.delete("pods", "a")
        api.forget()
        await named(shelf, "b.web")
        assert api.asked["list pods"] <= 2
        api.pod("c", watch="true")
        await named(shelf, "b.web", "c.web")


async def test_long_lists_come_in_pages_and_a_selector_leaves_out_the_rest(api: KubernetesApi, source: Source) -> None:
    for number in range(250):
        api.pod(f"p{number:03}", watch="true", labels={"app": "valkey"})
        api.pod(f"q{number:03}", watch="true", labels={"app": "web"})
    async with watching(source(selector="app=valkey")) as shelf:
        await named(shelf, *(f"p{number:03}.web" for number in range(250)))
        assert api.asked["list pods"] == 3
        api.pod("p000", watch="true", labels={"app": "other"})
        await named(shelf, *(f"p{number:03}.web" for number in range(1, 250)))


async def test_a_namespace_that_may_not_be_asked_takes_nothing_from_the_others(api: KubernetesApi, source: Source) -> None:
    api.pod("a", watch="true")
    api.pod("b", namespace="bank", watch="true")
    api.forbidden = {"bank"}
    async with watching(source(namespaces=["bank", "web"])) as shelf:
        await named(shelf, "a.web")
        await met(lambda: "kubernetes pods in bank" in " ".join(shelf.failures), "the refusal")
        assert any(FORBIDDEN in why for why in shelf._told.values())
        api.forbidden = set()
        await named(shelf, "b.bank", "a.web")


async def test_in_a_pod_nothing_has_to_be_said(
    api: KubernetesApi, source: Source, certificates: Certificates, token: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = token.parent
    (account / "ca.crt").symlink_to(certificates["ca.pem"])
    monkeypatch.setattr(kubernetes, "ACCOUNT", str(account))
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(api.port))
    api.pod("a", watch="true")
    async with watching(source(api=None, token_file=None, tls=None)) as shelf:
        await named(shelf, "a.web")


async def test_the_pods_token_is_for_the_pods_own_api(
    api: KubernetesApi, source: Source, token: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kubernetes, "ACCOUNT", str(token.parent))
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
    async with watching(source(token_file=None)) as shelf:
        await met(lambda: bool(shelf.failures), "the refusal")
    assert set(api.seen) == {""}
    assert list(shelf._told.values()) == ["the API answers with status 401: Unauthorized"]
