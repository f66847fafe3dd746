"""The same answers as Prometheus gave, for every recorded expression."""

from __future__ import annotations

from pathlib import Path

import pytest

from kvmon.judge.promql import Source
from tests.judge.promql.compare import Answer, difference, ours
from tests.judge.promql.data import Memory, given
from tests.judge.promql.expressions import DELAYED, WRITTEN
from tests.judge.promql.goldens import (
    DELAYED_FILE,
    END,
    FLAG,
    START,
    STEP,
    asked,
    chosen,
    mixed,
    moments_of,
    recorded,
    unordered,
    unstable,
)
from tests.judge.promql.prometheus import prometheus, write


@pytest.fixture(scope="module")
def source() -> Source:
    return Memory(given())


def differences(text: str, place: int, answers: list[Answer], source: Source, *, delayed: bool = False) -> list[str]:
    moments = moments_of(place)
    found = []
    for answer, at in zip(answers, (*moments, None), strict=False):
        if at is None and (unordered(text) or (delayed and mixed(text))):
            continue
        span = (at,) if at is not None else (START, END, STEP)
        mine = ours(text, source, *span, delayed=delayed)
        # Equal values, and those that are no numbers, come in any order.
        sorts = at is not None and text.startswith(("sort", "topk", "bottomk"))
        ordered = sorts and text in WRITTEN and "tied" not in text and "odd" not in text
        if said := difference(answer, mine, ordered=ordered):
            found.append(f"{text} at {at}: {said}")
    return found


def test_expressions_written_by_hand_give_what_prometheus_gave(source: Source) -> None:
    answers = recorded()
    assert len(WRITTEN) > 400
    assert [said for text in WRITTEN for said in differences(text, -1, answers[text], source)] == []


def test_generated_expressions_give_what_prometheus_gave(source: Source) -> None:
    answers = recorded()
    texts = [(text, place) for place, text in enumerate(chosen(1800)) if text not in WRITTEN]
    unique = dict(reversed(texts))
    assert len(unique) > 1500
    assert [said for text, place in unique.items() for said in differences(text, place, answers[text], source)] == []


def test_names_that_go_at_the_end_give_what_prometheus_gave(source: Source) -> None:
    answers = recorded(DELAYED_FILE)
    assert len(DELAYED) > 90
    assert [said for text in DELAYED for said in differences(text, -1, answers[text], source, delayed=True)] == []


@pytest.mark.slow
@pytest.mark.parametrize("delayed", [False, True])
def test_expressions_nobody_saw_before_give_what_prometheus_gives_now(source: Source, tmp_path: Path, delayed: bool) -> None:
    wrong = []
    fresh = [text for text in chosen(1200, seed=5 + delayed) if not unstable(text)]
    assert len(fresh) > 700
    with prometheus(tmp_path, *[FLAG][:delayed]) as url:
        write(url, given())
        for place, text in [*((-1, text) for text in (*WRITTEN, *DELAYED)), *enumerate(fresh)]:
            answers = asked(url, text, moments_of(place))
            wrong += differences(text, place, answers, source, delayed=delayed)
    assert wrong == []
