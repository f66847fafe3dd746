"""Rows of search indexes: RediSearch, Redis 8, valkey-search. The first as redis_exporter has them."""

from __future__ import annotations

from kvmon.model.metrics.spec import COUNTER, GAUGE, Kind, Spec

SOURCE = "FT.INFO"
MIB = 1024.0 * 1024.0


def _row(name: str, text: str, kind: Kind = GAUGE, unit: str = "") -> Spec:
    return Spec(f"redis_search_index_{name}", text, kind, labels=("index_name",), source=SOURCE, unit=unit)


def _size(name: str, text: str) -> tuple[Spec, float]:
    return _row(f"{name}_size_bytes", f"Memory of {text}.", unit="bytes"), MIB


BY_FIELD: dict[str, tuple[Spec, float]] = {
    "num_docs": (_row("num_docs", "Documents in the index."), 1.0),
    "max_doc_id": (_row("max_doc_id", "The highest internal id of a document."), 1.0),
    "num_terms": (_row("num_terms", "Different terms."), 1.0),
    "num_records": (_row("num_records", "Records of the inverted index."), 1.0),
    "inverted_sz_mb": _size("inverted", "the inverted index"),
    "vector_index_sz_mb": _size("vector_index", "vector indexes"),
    "total_inverted_index_blocks": (_row("total_inverted_index_blocks", "Blocks of the inverted index."), 1.0),
    "offset_vectors_sz_mb": _size("offset_vectors", "offsets of terms"),
    "doc_table_size_mb": _size("doc_table", "the table of documents"),
    "sortable_values_size_mb": _size("sortable_values", "sortable values"),
    "key_table_size_mb": _size("key_table", "the table of keys"),
    "geoshapes_sz_mb": _size("geoshapes", "geometric shapes"),
    "tag_overhead_sz_mb": _size("tag_overhead", "what tags need beside their index"),
    "text_overhead_sz_mb": _size("text_overhead", "what texts need beside their index"),
    "total_index_memory_sz_mb": _size("total_index_memory", "the whole index"),
    "records_per_doc_avg": (_row("avg_per_doc_records", "Records of a document on average."), 1.0),
    "bytes_per_record_avg": (_row("avg_per_record_bytes", "Bytes of a record on average.", unit="bytes"), 1.0),
    "offsets_per_term_avg": (_row("avg_per_term_offsets", "Offsets of a term on average."), 1.0),
    "offset_bits_per_record_avg": (_row("avg_per_record_offset_bits", "Bits of offsets of a record on average."), 1.0),
    "hash_indexing_failures": (_row("hash_indexing_failures", "Documents that could not be indexed."), 1.0),
    "indexing": (_row("indexing", "Whether documents that were there before are being indexed."), 1.0),
    "percent_indexed": (_row("percent_indexed", "The share of documents that is indexed; 1 is all."), 1.0),
    "number_of_uses": (_row("number_of_uses_total", "Times that the index was used.", COUNTER), 1.0),
    "cleaning": (_row("cleaning", "Whether the index is being deleted."), 1.0),
}
"""Rows by the server's name, and what to multiply its number by."""


def _own(name: str, text: str, *labels: str, kind: Kind = GAUGE, unit: str = "") -> Spec:
    return Spec(f"kvmon_search_index_{name}", text, kind, labels=("index", *labels), source=SOURCE, unit=unit)


INDEXES = Spec("kvmon_search_indexes", "Search indexes that there are.", source="FT._LIST")
DOCUMENTS = _own("documents", "Documents in the index.")
FAILURES = _own("failures_total", "Documents that could not be indexed.", kind=COUNTER)
INDEXING = _own("indexing", "Whether documents that were there before are being indexed.")
INDEXED = _own("indexed_ratio", "The share of documents that is indexed.", unit="ratio")
MEMORY = _own("memory_bytes", "Memory of the whole index, where the server tells.", unit="bytes")
VECTOR_MEMORY = _own("vector_memory_bytes", "Memory of its vector indexes, where the server tells.", unit="bytes")
QUEUE = _own("queue", "Changes of documents that are yet to be indexed (valkey-search).")
USES = _own("uses_total", "Times that the index was used, where the server tells.", kind=COUNTER)
DIMENSIONS = _own("vector_dimensions", "Numbers of a vector.", "attribute")
VECTOR_DATA = _own(
    "vector_data_bytes", "Estimate of the vectors alone: documents times the size of one.", "attribute", unit="bytes"
)

ROWS: tuple[Spec, ...] = (
    INDEXES, DOCUMENTS, FAILURES, INDEXING, INDEXED, MEMORY, VECTOR_MEMORY, QUEUE, USES, DIMENSIONS, VECTOR_DATA,
    *(spec for spec, _ in BY_FIELD.values()),
)  # fmt: skip
"""All of them."""
