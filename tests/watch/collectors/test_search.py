"""Search indexes: replies as RediSearch and valkey-search give them, servers without the module, and any shape."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
from hypothesis import given
from hypothesis.strategies import DataObject, data
from pydantic import ValidationError

from kvmon.model.conversation import Command, Refusal, Reply, Unsupported
from kvmon.watch.collectors.search import Search
from tests.servers.searching import LOADED, REDISEARCH, VALKEY_SEARCH
from tests.servers.server import Server
from tests.watch.collectors.talking import DENIED, PATIENT, REDIS, VALKEY, ask, check_any_shape, talk, values


def answering(indexes: Mapping[bytes, Reply], modules: bytes = LOADED) -> Callable[[Command], Reply]:
    def answer(command: Command) -> Reply:
        if command[0] == "INFO":
            return modules
        name = command[-1]
        return list(indexes) if command == ("FT._LIST",) else indexes[name if isinstance(name, bytes) else str(name).encode()]

    return answer


def test_an_index_of_redisearch_has_its_names_and_ours() -> None:
    found = values(talk(Search(), REDIS, None, answering({b"products": REDISEARCH})).samples)
    assert found["kvmon_search_indexes",] == 1
    assert found["redis_search_index_num_docs", "products"] == found["kvmon_search_index_documents", "products"] == 1200
    assert found["redis_search_index_vector_index_size_bytes", "products"] == 2.5 * 1024 * 1024
    assert found["kvmon_search_index_memory_bytes", "products"] == 4 * 1024 * 1024
    assert found["redis_search_index_avg_per_doc_records", "products"] == 7.25
    assert found["redis_search_index_hash_indexing_failures", "products"] == 3
    assert found["kvmon_search_index_failures_total", "products"] == 4, "what is told apart counts more than hashes"
    assert found["kvmon_search_index_indexed_ratio", "products"] == 0.75
    assert found["kvmon_search_index_vector_dimensions", "products", "embedding"] == 384
    assert found["kvmon_search_index_vector_data_bytes", "products", "embedding"] == 1200 * 384 * 4
    assert ("redis_search_index_cleaning", "products") in found
    assert not any(float(value) != float(value) for value in found.values()), "nan is absent"


def test_an_index_of_valkey_search_has_what_it_tells() -> None:
    found = values(talk(Search(), VALKEY, None, answering({b"vectors": VALKEY_SEARCH})).samples)
    assert found["kvmon_search_index_documents", "vectors"] == 50
    assert found["kvmon_search_index_indexing", "vectors"] == 1
    assert found["kvmon_search_index_indexed_ratio", "vectors"] == 0.5
    assert found["kvmon_search_index_queue", "vectors"] == 17
    assert found["kvmon_search_index_vector_dimensions", "vectors", "v"] == 128
    assert ("kvmon_search_index_memory_bytes", "vectors") not in found


def test_only_some_are_looked_at_and_one_that_is_gone_costs_no_other() -> None:
    indexes: dict[bytes, Reply] = {
        b"a": REDISEARCH,
        b"b": Refusal("ERR", "ERR no such index"),
        b"c": REDISEARCH,
        b"d": REDISEARCH,
    }
    found = values(talk(Search(indexes="^[abc]$", most=3), REDIS, None, answering(indexes)).samples)
    assert found["kvmon_search_indexes",] == 4
    assert {key[1] for key in found if key[0] == "kvmon_search_index_documents"} == {"a", "c"}
    with pytest.raises(ValidationError, match="no regular expression"):
        Search(indexes="(")


async def test_a_server_without_the_module_is_not_asked(start_server: Callable[..., Server]) -> None:
    server = start_server()
    assert (await ask(Search(), server)).samples == []
    assert "errorstat" not in server.command("INFO", "errorstats")
    assert not Search().enabled


def test_who_may_not_list_is_told() -> None:
    with pytest.raises(Unsupported, match=r"FT\._LIST"):
        talk(Search(), REDIS, None, lambda command: LOADED if command[0] == "INFO" else DENIED)


@PATIENT
@given(data())
def test_any_shape_is_an_answer_or_a_complaint(given: DataObject) -> None:
    check_any_shape(Search(), given)
