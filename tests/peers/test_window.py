"""The window holds what a Prometheus holds that scrapes the same daemon."""

from __future__ import annotations

import json
import urllib.parse
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.judge.promql.prometheus import prometheus
from tests.peers.live import fetch
from tests.servers.daemon import Daemon
from tests.servers.server import Server
from tests.servers.waiting import until

Series = frozenset[tuple[str, str]]
SCRAPES = ("scrape_duration_seconds", "scrape_samples_scraped", "scrape_samples_post_metric_relabeling", "scrape_series_added")
"""What a scrape says about itself: nothing was scraped for the window."""


def held(url: str, expression: str = '{__name__!=""}') -> dict[Series, str]:
    """Series and values that are there now."""
    answer: Any = json.loads(fetch(f"{url}/api/v1/query?{urllib.parse.urlencode({'query': expression})}"))
    return {frozenset(each["metric"].items()): each["value"][1] for each in answer["data"]["result"]}


def names(series: set[Series]) -> list[str]:
    return sorted(str(sorted(each)) for each in series if dict(each)["__name__"] not in SCRAPES)


@pytest.mark.slow
def test_series_and_labels_are_those_of_a_scrape(
    start_server: Callable[..., Server], start_daemon: Callable[..., Daemon], tmp_path: Path
) -> None:
    server = start_server()
    server.command("SET", "some", "thing")
    daemon = start_daemon(
        {
            "interval": "1s",
            "window": {"start": "now", "job": "caches"},
            "targets": [{"name": "it", "url": server.url, "labels": {"team": "web"}}],
        }
    )
    daemon.until("redis_up", 1, target="it")
    job = {
        "job_name": "caches", "honor_labels": True, "scrape_interval": "1s", "scrape_timeout": "1s",
        "static_configs": [{"targets": [f"127.0.0.1:{daemon.port}"]}],
    }  # fmt: skip
    with prometheus(tmp_path, scrape=[job]) as url:

        def same() -> bool:
            theirs, ours = held(url), held(daemon.url)
            return len(theirs) > 400 and names(set(theirs)) == names(set(ours))

        def difference() -> str:
            theirs, ours = held(url), held(daemon.url)
            return f"Prometheus only: {names(theirs.keys() - ours.keys())}, kvmon only: {names(ours.keys() - theirs.keys())}"

        def alike() -> bool:
            # What does not change by itself has the same values; polls and scrapes are moments apart.
            theirs, ours = (held(where, '{__name__=~"redis_.*"}') for where in (url, daemon.url))
            return sum(ours.get(series) == value for series, value in theirs.items()) > 0.9 * len(theirs) > 300

        try:
            until(same, what="the same series")
            until(alike, what="the same values")
            server.stop()
            until(
                lambda: len(held(url, "redis_up == 0")) == 1 and same_after(url, daemon), what="the same series of a dead server"
            )
        except AssertionError as error:
            raise AssertionError(f"{difference()}") from error


def same_after(url: str, daemon: Daemon) -> bool:
    of_it = '{target="it"}'
    theirs, ours = held(url, of_it), held(daemon.url, of_it)
    return names(set(theirs)) == names(set(ours))
