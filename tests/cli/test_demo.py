"""The demo is the real daemon on real servers, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import psutil
import pytest

from kvmon.cli.demo import _configured
from tests.servers.daemon import Daemon
from tests.servers.waiting import until


def below(daemon: Daemon) -> list[psutil.Process]:
    return psutil.Process(daemon.process.pid).children(recursive=True)


def moves(daemon: Daemon, name: str) -> bool:
    return any(sample.value > 0 for sample in daemon.samples(name))


def gone(processes: list[psutil.Process]) -> bool:
    return not any(process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in processes)


def test_the_demo_shows_moving_numbers_of_a_primary_and_a_replica(start_daemon: Callable[..., Daemon]) -> None:
    daemon = start_daemon(
        command=("demo",), environment={"KVMON_INTERVAL": "500ms", "KVMON_TIMEOUT": "500ms", "REDIS_URL": "redis://nowhere"}
    )
    assert f"open {daemon.url}/" in daemon.logs
    until(lambda: sorted(sample.value for sample in daemon.samples("redis_up")) == [1, 1], what="two nodes up")
    for name in (
        "redis_keyspace_hits_total",
        "redis_keyspace_misses_total",
        "redis_db_keys_expiring",
        "redis_slowlog_length",  # the first entry has the id 0
        "redis_total_error_replies",
    ):
        until(partial(moves, daemon, name), what=f"{name} moves")
    assert {sample.labels["target"] for sample in daemon.samples("redis_up")} == {"valkey"}
    processes = below(daemon)
    assert len(processes) >= 3  # the stage and two servers, and now and then a fork of one
    code, _ = daemon.terminate()
    assert code == 0, daemon.logs
    until(lambda: gone(processes), what="the servers gone")


def test_nothing_stays_behind_when_the_demo_is_killed(start_daemon: Callable[..., Daemon]) -> None:
    daemon = start_daemon(command=("demo",))
    processes = below(daemon)
    os.kill(daemon.process.pid, signal.SIGKILL)
    until(lambda: gone(processes), what="the servers gone")


@pytest.mark.parametrize(
    ("environ", "file", "expected"),
    [
        ({}, False, None),
        ({"REDIS_URL": " "}, False, None),
        ({"REDIS_URL": "redis://h"}, False, (None,)),
        ({"REDIS_ADDR": "redis://h"}, False, (None,)),
        ({"KVMON_CONFIG": "x.yaml"}, False, ("x.yaml",)),
        ({}, True, ("kvmon.yaml",)),
    ],
)
def test_it_hands_over_to_what_is_configured(
    environ: dict[str, str], file: bool, expected: tuple[str | None] | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    if file:
        Path("kvmon.yaml").write_text("")
    with monkeypatch.context() as patch:
        patch.setattr("os.environ", environ)
        settings = _configured({})
    assert (settings and (settings.file,)) == expected


def test_a_configured_target_is_watched_without_the_demo(start_daemon: Callable[..., Daemon]) -> None:
    begun = time.monotonic()
    daemon = start_daemon(command=("demo", "--unless-configured"), environment={"KVMON_TARGETS": "mine=redis://127.0.0.1:1"})
    assert time.monotonic() > begun
    until(lambda: [sample.labels["target"] for sample in daemon.samples("redis_up")] == ["mine"], what="the configured target")
    assert below(daemon) == []
