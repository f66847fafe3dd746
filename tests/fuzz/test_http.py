from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.specs.openapi import checks

from kvmon.tell.server.limits import ENDLESS
from tests.servers.daemon import Daemon
from tests.servers.server import Server

RULES = "groups: [{name: g, rules: [{alert: Always, expr: vector(1)}, {record: r, expr: sum(redis_up)}]}]"
CONFORM = [checks.status_code_conformance, checks.content_type_conformance, checks.response_schema_conformance]
"""What is answered is in the document: the status, the media type, the shape."""


@pytest.fixture(scope="module")
def daemon() -> Iterator[Daemon]:
    """With everything on that has paths of its own."""
    with Server("valkey-wheel") as server, Daemon("", ready=False) as nothing:
        (nothing.folder / "rules.yaml").write_text(RULES)
        configuration = {
            "interval": "1s",
            "targets": [{"name": "it", "url": server.url}, {"name": "gone", "url": "redis://127.0.0.1:1"}],
            "rules": {"files": [str(nothing.folder / "rules.yaml")]},
            "alerting": {"route": {"receiver": "none"}, "receivers": [{"name": "none"}]},
        }
        with Daemon(configuration) as started:
            started.until("redis_up", 1.0, target="it")
            yield started


@pytest.fixture(scope="module")
def operations(daemon: Daemon) -> list[Any]:
    schema = schemathesis.openapi.from_dict(daemon.get("/openapi.json").json())
    found: list[Any] = [result.ok() for result in schema.get_all_operations()]  # type: ignore[union-attr]  # else it fails here
    return [operation for operation in found if operation.path not in ENDLESS]


REQUESTS = int(os.environ.get("KVMON_FUZZ_REQUESTS", "1500"))
"""How many the slow test makes."""


def test_no_request_breaks_it_and_every_answer_is_in_the_document(daemon: Daemon, operations: list[Any]) -> None:
    fuzz(daemon, operations, 150)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_thousands_of_requests(daemon: Daemon, operations: list[Any]) -> None:
    fuzz(daemon, operations, REQUESTS)


def fuzz(daemon: Daemon, operations: list[Any], number: int) -> None:
    modes = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    cases = [operation.as_strategy(generation_mode=mode) for operation in operations for mode in modes if _can(operation, mode)]
    with requests.Session() as session:
        _running(daemon, session, cases, number)()
    assert daemon.process.poll() is None
    assert "request_failed" not in daemon.logs
    assert daemon.value("redis_up", target="it") == 1.0


def _running(daemon: Daemon, session: requests.Session, cases: list[Any], number: int) -> Callable[[], None]:
    @settings(
        max_examples=number,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.sampled_from(cases).flatmap(lambda case: case))
    def one(case: Any) -> None:
        response = case.call(base_url=daemon.url, session=session, timeout=60)
        assert response.status_code not in (500, 504), f"{case.as_curl_command()}\n{daemon.logs[-2000:]}"
        case.validate_response(response, checks=CONFORM)

    return one


def _can(operation: Any, mode: GenerationMode) -> bool:
    """What has nothing to ask cannot be asked wrongly."""
    return mode is GenerationMode.POSITIVE or bool(operation.query or operation.path_parameters or operation.body)
