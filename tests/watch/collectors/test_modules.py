from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kvmon.model.conversation import Unsupported
from kvmon.watch.collectors.modules import Modules
from tests.servers.server import Server
from tests.watch.collectors.talking import DENIED, PATIENT, VALKEY, ask, check_any_shape, talk, values

LOADED = (
    b"# Modules\r\n"
    b"module:name=ReJSON,ver=20609,api=1,filters=0,usedby=[search],using=[],options=[handle-io-errors]\r\n"
    b"module:name=search,ver=20810,api=1,filters=0,usedby=[],using=[ReJSON|vectorset],options=[handle-io-errors|x]\r\n"
    b"# search_version\r\nsearch_version:2.8.10\r\n"
)


async def test_modules_of_a_real_server(server: Server) -> None:
    loaded = server.command("MODULE", "LIST")
    found = values((await ask(Modules(), server)).samples)
    assert found["kvmon_modules",] == len(loaded)
    assert {key[1] for key in found if key[0] == "redis_module_info"} == {module[1] for module in loaded}


def test_relations_are_labels() -> None:
    assert values(talk(Modules(), VALKEY, None, lambda _: LOADED).samples) == {
        ("kvmon_modules",): 2,
        ("redis_module_info", "ReJSON", "20609", "1", "0", "[search]", "[]"): 1,
        ("redis_module_info", "search", "20810", "1", "0", "[]", "[ReJSON|vectorset]"): 1,
    }


def test_refused_and_not_asked() -> None:
    with pytest.raises(Unsupported, match="INFO modules"):
        talk(Modules(), VALKEY, None, lambda _: DENIED)
    assert not Modules().needs(replace(VALKEY, mode="sentinel"))


@given(st.data())
@PATIENT
def test_any_shape(data: st.DataObject) -> None:
    check_any_shape(Modules(), data)
