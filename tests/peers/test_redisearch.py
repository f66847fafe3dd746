"""Indexes of the real search module, as it tells of them itself, and what fails in them."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.servers.daemon import Daemon
from tests.servers.server import Server
from tests.servers.waiting import until

MODULE = os.environ.get("REDISEARCH", "")
ALERTS = Path(__file__).parents[2] / "alerts"

pytestmark = pytest.mark.skipif(not MODULE, reason="REDISEARCH (path of redisearch.so) is missing")

DOCUMENTS, DIMENSIONS = 200, 8


@pytest.fixture
def searching(start_server: Callable[..., Server]) -> Server:
    """Sessions by theme, and documents with a vector each."""
    server = start_server("redis-8.0", settings={"loadmodule": MODULE})
    with server.client() as client:
        vector = ("embedding", "VECTOR", "HNSW", "6", "TYPE", "FLOAT32", "DIM", str(DIMENSIONS), "DISTANCE_METRIC", "COSINE")
        client.command("FT.CREATE", "documents", "PREFIX", "1", "doc:", "SCHEMA", "text", "TEXT", *vector)
        client.command("FT.CREATE", "sessions", "PREFIX", "1", "session:", "SCHEMA", "theme", "TAG")
        for number in range(DOCUMENTS):
            embedding = struct.pack(f"{DIMENSIONS}f", *(float(number + place + 1) for place in range(DIMENSIONS)))
            client.command("HSET", f"doc:{number}", "text", f"number {number}", "embedding", embedding)
    return server


def told(server: Server, index: str) -> dict[str, str]:
    """FT.INFO by its own words; what is nested is left out."""
    reply = server.command("FT.INFO", index)
    pairs = zip(reply[::2], reply[1::2], strict=True)
    return {str(name): str(value) for name, value in pairs if not isinstance(value, list)}


def test_what_the_module_says_of_its_indexes_is_shown_and_failures_alert(
    searching: Server, start_daemon: Callable[..., Daemon]
) -> None:
    daemon = start_daemon({
        "interval": "1s", "collectors": {"search": {"enabled": True, "every": "1s"}},
        "rules": {"files": [str(ALERTS / "search.yaml")], "evaluation_interval": "1s"},
        "targets": [{"name": "shop", "url": searching.url, "probe": "off"}],
    })  # fmt: skip
    daemon.until("kvmon_search_index_documents", DOCUMENTS, index="documents")
    daemon.until("kvmon_search_index_indexed_ratio", 1, index="documents")
    assert daemon.value("kvmon_search_indexes") == 2
    assert daemon.value("kvmon_search_index_documents", index="sessions") == 0
    assert daemon.value("kvmon_search_index_failures_total", index="documents") == 0
    vector = {"index": "documents", "attribute": "embedding"}
    assert daemon.value("kvmon_search_index_vector_dimensions", **vector) == DIMENSIONS
    assert daemon.value("kvmon_search_index_vector_data_bytes", **vector) == 4 * DIMENSIONS * DOCUMENTS
    said = told(searching, "documents")
    for field in ("num_docs", "num_terms", "num_records", "max_doc_id", "hash_indexing_failures"):
        assert daemon.value(f"redis_search_index_{field}", index_name="documents") == float(said[field]), field
    memory = daemon.value("kvmon_search_index_vector_memory_bytes", index="documents")
    assert memory == pytest.approx(float(said["vector_index_sz_mb"]) * 2**20, rel=0.01)
    searching.command("HSET", "doc:broken", "text", "its vector is too short", "embedding", "x")
    daemon.until("kvmon_search_index_failures_total", 1, index="documents")
    until(lambda: "RedisSearchIndexFailing" in daemon.get("/api/v1/alerts").text, what="the alert")
    searching.command("FT.DROPINDEX", "sessions")
    daemon.until("kvmon_search_indexes", 1)
