from __future__ import annotations

import gzip
import math
import subprocess
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_classic

from kvmon.model.metrics.sample import Sample
from kvmon.model.metrics.spec import Kind, Spec
from kvmon.tell.exposition.board import Board, render_alone
from kvmon.tell.exposition.formats import Dialect
from kvmon.tell.exposition.process import ProcessMetrics
from tests.servers.kinds import tool
from tests.tell import examples

CLASSIC, OPENMETRICS = Dialect
PARSERS: dict[Dialect, Any] = {CLASSIC: parse_classic, OPENMETRICS: parse_openmetrics}
BOUNDS = ("le", "quantile")


def board_of(*snapshots: Any) -> Any:
    board = Board()
    for snapshot in snapshots:
        board.put(snapshot)
    return board


def series(body: Any, dialect: Any) -> Any:
    found = {}
    text = body.decode()
    for family in PARSERS[dialect](text):
        for sample in family.samples:
            labels = {name: str(float(text)) if name in BOUNDS else text for name, text in sample.labels.items()}
            # The parser gives every classic counter a name that ends in _total: take what the text says.
            name = (
                family.name
                if family.type == "counter" and f"# TYPE {family.name} counter" in text and dialect is CLASSIC
                else sample.name
            )
            key = (name, *sorted(labels.items()))
            assert key not in found, f"{key} is there twice"
            found[key] = float(sample.value)
    return found


@pytest.mark.parametrize(("value", "text"), [(True, "1"), (False, "0"), (3, "3"), (2.5, "2.5")])
def test_a_value_is_written_as_a_number(value: float, text: str) -> None:
    board = board_of(examples.snapshot(given=[Sample(examples.UP, value)]))
    assert board.render(CLASSIC).decode().endswith(f"}} {text}\n")


def test_the_classic_text_is_this() -> None:
    board = board_of(examples.snapshot())
    text = board.render(CLASSIC, names=["redis_up", "redis_cpu_sys_seconds", "redis_db_keys", "redis_something"]).decode()
    labels = 'target="sessions",instance="cache.example.net:6379"'
    assert text == (
        '# HELP redis_cpu_sys_seconds Seconds, "sys"\\\\user.\\nBoth.\n'
        "# TYPE redis_cpu_sys_seconds counter\n"
        f"redis_cpu_sys_seconds{{{labels}}} 1.25\n"
        "# HELP redis_db_keys Keys by database.\n"
        "# TYPE redis_db_keys gauge\n"
        f'redis_db_keys{{{labels},db="db0"}} 3\n'
        "# HELP redis_something Something.\n"
        "# TYPE redis_something untyped\n"
        f"redis_something{{{labels}}} 1e+21\n"
        "# HELP redis_up Whether the server answered.\n"
        "# TYPE redis_up gauge\n"
        f"redis_up{{{labels}}} 1\n"
    )


def test_openmetrics_gives_up_types_before_names() -> None:
    text = board_of(examples.snapshot()).render(OPENMETRICS).decode()
    types = dict(line.split()[2:4] for line in text.splitlines() if line.startswith("# TYPE"))
    assert types["redis_commands_processed"] == "counter"
    assert types["redis_cpu_sys_seconds"] == "unknown"
    assert types["redis_latency_percentiles_usec"] == "unknown"
    assert types["redis_latency_percentiles_usec_sum"] == "unknown"
    assert types["redis_latency_percentiles_usec_count"] == "unknown"
    assert any('quantile="50.0"' in line for line in text.splitlines()), "as Prometheus writes it when it reads the classic text"
    assert types["kvmon_proper_seconds"] == "summary"
    assert 'le="1.0"' in text
    assert text.endswith("# EOF\n")


def test_series_are_the_same_in_all_formats() -> None:
    board = board_of(examples.snapshot(), examples.snapshot(examples.node("other", labels={"team": "web"})))
    own = [Sample(examples.OWN, 5, ("sessions",))]
    more = {dialect: ProcessMetrics().render(dialect) for dialect in Dialect}
    both = [series(board.render(dialect, own=own, more=more[dialect]), dialect) for dialect in Dialect]
    names = [{key[0] for key in each} for each in both]
    assert names[0] == names[1]
    mine = [{key: value for key, value in each.items() if not key[0].startswith(("process_", "python_"))} for each in both]
    assert mine[0] == mine[1]


def test_a_counter_whose_family_name_is_taken_becomes_unknown() -> None:
    total = Spec("redis_things_total", "Things ever.", Kind.COUNTER)
    now = Spec("redis_things", "Things now.")
    board = board_of(examples.snapshot(given=[Sample(total, 2), Sample(now, 1)]))
    text = board.render(OPENMETRICS)
    assert b"# TYPE redis_things_total unknown" in text
    assert len(series(text, OPENMETRICS)) == 2


def test_an_unchanged_board_gives_the_same_body_and_a_put_changes_it() -> None:
    board = board_of(examples.snapshot())
    before = board.render(CLASSIC)
    assert board.render(CLASSIC) == before
    given = examples.samples()
    given[1] = Sample(examples.COMMANDS, 12346)
    board.put(examples.snapshot(given=given))
    after = board.render(CLASSIC)
    assert after != before
    assert after == before.replace(b"12345", b"12346")


def test_filters_choose_targets_and_families() -> None:
    board = board_of(examples.snapshot(), examples.snapshot(examples.node("other")))
    text = board.render(CLASSIC, targets=["other"], names=["redis_up"]).decode()
    assert [line for line in text.splitlines() if not line.startswith("#")] == [
        'redis_up{target="other",instance="cache.example.net:6379"} 1'
    ]
    assert board.render(OPENMETRICS, names=["nothing"]) == b"# EOF\n"
    assert b"redis_commands_latencies_usec_bucket" in board.render(CLASSIC, names=["redis_commands_latencies_usec_bucket"])


def test_a_forgotten_node_is_gone() -> None:
    board = board_of(examples.snapshot())
    board.forget(("sessions", "cache.example.net:6379"))
    board.forget(("never", "there:1"))
    assert board.render(CLASSIC) == b""


def test_layouts_are_shared_and_go_with_the_last_node_that_has_them() -> None:
    board = Board()
    for number in range(1, 50):
        many = [Sample(Spec(f"made_up_{each}", "It.", Kind.GAUGE), 1.0) for each in range(number)]
        for name in ("one", "two"):
            board.put(examples.snapshot(examples.node(name), many))
        assert len(board._shared.layouts) <= 2
    assert len(board._shared.layouts) == 1


def test_duplicates_and_what_is_not_finite_are_left_out_and_counted() -> None:
    given = [
        Sample(examples.UP, 1), Sample(examples.UP, 0), Sample(examples.COMMANDS, math.nan),
        Sample(examples.BARE_COUNTER, math.inf),
    ]  # fmt: skip
    board = board_of(examples.snapshot(given=given))
    assert list(series(board.render(CLASSIC), CLASSIC).values()) == [1]
    assert board.dropped == 3
    board.put(examples.snapshot(given=[given[0], given[1], Sample(examples.COMMANDS, 5), given[3]]))
    assert sorted(series(board.render(CLASSIC), CLASSIC).values()) == [1, 5]


def test_a_bare_target_and_a_body_of_its_own_have_no_node_labels() -> None:
    bare = examples.snapshot(examples.node(bare=True, labels={"team": "web"}))
    assert b"instance=" not in board_of(bare).render(CLASSIC)
    alone = render_alone(examples.snapshot(examples.node(labels={"team": "web"})), CLASSIC)
    assert b"\nredis_up 1\n" in alone
    assert b"team" not in alone


def test_the_compressed_body_is_the_body() -> None:
    board = board_of(examples.snapshot())
    for number in range(3):
        own = [Sample(examples.OWN, number, ("sessions",))]
        assert gzip.decompress(board.render_gzip(CLASSIC, own=own)) == board.render(CLASSIC, own=own)
    shared = [Sample(examples.UP, 1)]
    assert gzip.decompress(board.render_gzip(OPENMETRICS, own=shared)) == board.render(OPENMETRICS, own=shared)


@pytest.mark.parametrize("dialect", list(Dialect))
def test_parts_come_to_the_whole(dialect: Dialect) -> None:
    board = board_of(*(examples.snapshot(examples.node(f"t{number}")) for number in range(400)))
    own = [Sample(examples.OWN, 5, ("sessions",))]
    parts = list(board.parts(dialect, own=own))
    assert len(parts) > 1
    assert series(b"".join(parts), dialect) == series(board.render(dialect, own=own), dialect)


def test_labels_of_a_target_that_changed_are_shown() -> None:
    board = board_of(examples.snapshot())
    board.put(examples.snapshot(examples.node(labels={"team": "web"})))
    assert b'team="web"' in board.render(CLASSIC)


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\x85\u2028\u2029\x0b\x0c\x1c\x1d\x1e"), max_size=8)
SPECS = [
    Spec("redis_alpha_total", 'A \\ "b"\nc', Kind.COUNTER, labels=("key",)),
    Spec("redis_alpha", "Now.", labels=("key", "db")),
    Spec("redis_beta", "Only up.", Kind.COUNTER, labels=("key",)),
    Spec("redis_gamma", "", Kind.UNTYPED),
]


@st.composite
def sample_lists(draw: Any) -> Any:
    specs = draw(st.lists(st.sampled_from(SPECS), max_size=8))
    values = st.one_of(st.integers(0, 2**63), st.floats(min_value=0, allow_infinity=False, allow_nan=False))
    return [Sample(spec, draw(values), tuple(draw(TEXT) for _ in spec.labels)) for spec in specs]


@settings(max_examples=60, deadline=None)
@given(st.lists(sample_lists(), min_size=1, max_size=3))
def test_whatever_was_put_last_is_read_back(rounds: Any) -> None:
    board = Board()
    for given_samples in rounds:
        board.put(examples.snapshot(examples.node(bare=True), given_samples))
    expected: dict[tuple[Any, ...], float] = {}
    for sample in rounds[-1]:
        labels = sorted(zip(sample.spec.labels, sample.labels, strict=True))
        expected.setdefault((sample.spec.name, *labels), float(sample.value))
    for dialect in Dialect:
        assert series(board.render(dialect), dialect) == expected


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_series_that_come_and_go_leave_what_a_board_without_a_past_has(data: Any) -> None:
    board, now = Board(), data.draw(sample_lists())
    for _ in range(data.draw(st.integers(1, 4))):
        board.put(examples.snapshot(given=now))
        fresh = board_of(examples.snapshot(given=now))
        for dialect in Dialect:
            assert board.render(dialect) == fresh.render(dialect)
        begin = data.draw(st.integers(0, len(now)))
        end = data.draw(st.integers(begin, len(now)))
        changed = [
            sample
            if data.draw(st.booleans())
            else Sample(sample.spec, data.draw(st.sampled_from([1.5, 7.0, math.nan])), sample.labels)
            for sample in now
        ]
        now = changed[:begin] + data.draw(sample_lists()) + changed[end:]


def test_promtool_finds_no_error_of_format() -> None:
    promtool = tool("PROMTOOL")
    body = board_of(examples.snapshot()).render(CLASSIC, more=ProcessMetrics().render(CLASSIC))
    done = subprocess.run([promtool, "check", "metrics"], input=body, capture_output=True, timeout=60, check=False)
    # 1 is an error of format, 3 is a remark about names, which are redis_exporter's.
    assert done.returncode in (0, 3), done.stderr.decode()
