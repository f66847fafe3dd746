"""A double of a server with search indexes: what FT._LIST and FT.INFO say, before a real server for everything else."""

from __future__ import annotations

from typing import Any

from kvmon.model.conversation import Reply
from tests.servers.double import Double, Profile
from tests.servers.ports import free_port
from tests.servers.server import Server

LOADED = b"# Modules\r\nmodule:name=search,ver=80005,api=1,filters=0,usedby=[],using=[],options=[]\r\n"

REDISEARCH: list[Reply] = [
    b"index_name", b"products", b"index_options", [], b"index_definition", [b"key_type", b"HASH", b"prefixes", [b"product:"]],
    b"attributes", [
        [b"identifier", b"name", b"attribute", b"name", b"type", b"TEXT", b"WEIGHT", b"1", b"SORTABLE"],
        [b"identifier", b"embedding", b"attribute", b"embedding", b"type", b"VECTOR", b"algorithm", b"HNSW",
         b"data_type", b"FLOAT32", b"dim", 384, b"distance_metric", b"COSINE", b"M", 16],
    ],
    b"num_docs", 1200, b"max_doc_id", 1300, b"num_terms", 55, b"num_records", 8700, b"inverted_sz_mb", b"0.25",
    b"vector_index_sz_mb", b"2.5", b"total_inverted_index_blocks", 60, b"offset_vectors_sz_mb", b"0.1",
    b"doc_table_size_mb", b"0.2", b"sortable_values_size_mb", b"0", b"key_table_size_mb", b"0.05", b"tag_overhead_sz_mb", b"0",
    b"text_overhead_sz_mb", b"0.01", b"total_index_memory_sz_mb", b"4", b"geoshapes_sz_mb", b"0", b"records_per_doc_avg", b"7.25",
    b"bytes_per_record_avg", b"30.1", b"offsets_per_term_avg", b"nan", b"offset_bits_per_record_avg", b"8",
    b"hash_indexing_failures", 3, b"total_indexing_time", b"91.2", b"indexing", 1, b"percent_indexed", b"0.75",
    b"number_of_uses", 99, b"cleaning", 0, b"gc_stats", [b"bytes_collected", 0], b"cursor_stats", [b"global_idle", 0],
    b"Index Errors", [b"indexing failures", 4, b"last indexing error", b"Invalid vector", b"last indexing error key", b"p:7"],
]  # fmt: skip

VALKEY_SEARCH: list[Reply] = [
    b"index_name", b"vectors", b"index_definition", [b"key_type", b"HASH", b"prefixes", [b"doc:"], b"default_score", b"1"],
    b"attributes", [[
        b"identifier", b"v", b"attribute", b"v", b"type", b"VECTOR", b"index",
        [b"capacity", 10240, b"dimensions", 128, b"distance_metric", b"COSINE", b"size", b"50", b"data_type", b"FLOAT32",
         b"algorithm", [b"name", b"HNSW", b"m", 16]],
    ]],
    b"num_docs", b"50", b"num_records", b"50", b"hash_indexing_failures", b"0", b"backfill_in_progress", b"1",
    b"backfill_complete_percent", b"0.500000", b"mutation_queue_size", b"17", b"recent_mutations_queue_delay", b"0 sec",
    b"state", b"backfill_in_progress",
]  # fmt: skip


class Searching(Double):
    """Has the index `products`; `failures` may be raised."""

    def __init__(self, server: Server) -> None:
        self.failures = 4
        super().__init__(Profile("self-hosted", server.kind, free_port(), tls=False), server, None, "127.0.0.1")

    def answer(self, command: list[bytes], backend: Any) -> bytes:
        words = [word.upper() for word in command]
        if words == [b"INFO", b"MODULES"]:
            return _packed(LOADED)
        if words == [b"FT._LIST"]:
            return _packed([b"products"])
        if words[0] == b"FT.INFO":
            return _packed([*REDISEARCH[:-1], [b"indexing failures", self.failures]])
        return super().answer(command, backend)


class Finding(Searching):
    """Finds hashes `session:*` by their fields, as the module does, once the index was made; the server has the mark of it."""

    MARK = b"an-index"

    def answer(self, command: list[bytes], backend: Any) -> bytes:
        if command[0] == b"FT.CREATE":
            return _packed(backend.ask([b"SET", self.MARK, b"1"]))
        if command[0] not in (b"FT.SEARCH", b"FT.INFO"):
            return super().answer(command, backend)
        if not backend.ask([b"EXISTS", self.MARK]):
            return b"-Unknown index name\r\n" if command[0] == b"FT.INFO" else b"-%b: no such index\r\n" % command[1]
        if command[0] == b"FT.INFO":
            return _packed([b"indexing", 0])
        first = command.index(b"PARAMS") + 2
        words = command[first : first + int(command[first - 1])]
        wanted = dict(zip(words[::2], words[1::2], strict=True)).items()
        found = []
        for key in backend.ask([b"KEYS", b"session:*"]):
            pairs = backend.ask([b"HGETALL", key])
            if wanted <= dict(zip(pairs[::2], pairs[1::2], strict=True)).items():
                found.append(key)
        return _packed([len(found), *found])


def _packed(reply: Reply) -> bytes:
    if isinstance(reply, list):
        return b"*%d\r\n" % len(reply) + b"".join(map(_packed, reply))
    if isinstance(reply, int):
        return b":%d\r\n" % reply
    assert isinstance(reply, bytes)
    return b"$%d\r\n%b\r\n" % (len(reply), reply)
