"""The same answers as Prometheus gave, for every recorded expression."""

from __future__ import annotations

from pathlib import Path

import pytest

from kvmon.judge.promql import Source
from tests.judge.promql.compare import Answer, difference, ours
from tests.judge.promql.data import INSTANTS, Memory, given
from tests.judge.promql.expressions import WRITTEN
from tests.judge.promql.goldens import END, START, STEP, asked, chosen, recorded, unordered, unstable
from tests.judge.promql.prometheus import prometheus, write


@pytest.fixture(scope="module")
def source() -> Source:
    return Memory(given())


def differences(text: str, place: int, answers: list[Answer], source: Source) -> list[str]:
    moments = INSTANTS if text in WRITTEN else (INSTANTS[place % len(INSTANTS)],)
    found = []
    for answer, at in zip(answers, (*moments, None), strict=False):
        mine = ours(text, source, at) if at is not None else ours(text, source, START, END, STEP)
        if at is None and unordered(text):
            continue
        # Equal values, and those that are no numbers, come in any order.
        sorts = at is not None and text.startswith(("sort", "topk", "bottomk"))
        ordered = sorts and text in WRITTEN and "tied" not in text and "odd" not in text
        if said := difference(answer, mine, ordered=ordered):
            found.append(f"{text} at {at}: {said}")
    return found


def test_expressions_written_by_hand_give_what_prometheus_gave(source: Source) -> None:
    answers = recorded()
    assert len(WRITTEN) > 400
    assert [said for text in WRITTEN for said in differences(text, 0, answers[text], source)] == []


def test_generated_expressions_give_what_prometheus_gave(source: Source) -> None:
    answers = recorded()
    texts = [(text, place) for place, text in enumerate(chosen(1800)) if text not in WRITTEN]
    unique = dict(reversed(texts))
    assert len(unique) > 1500
    assert [said for text, place in unique.items() for said in differences(text, place, answers[text], source)] == []


@pytest.mark.slow
def test_expressions_nobody_saw_before_give_what_prometheus_gives_now(source: Source, tmp_path: Path) -> None:
    wrong = []
    fresh = [text for text in chosen(1200, seed=5) if not unstable(text)]
    assert len(fresh) > 700
    with prometheus(tmp_path) as url:
        write(url, given())
        for place, text in enumerate([*WRITTEN, *fresh]):
            answers = asked(url, text, INSTANTS if text in WRITTEN else (INSTANTS[place % len(INSTANTS)],))
            wrong += differences(text, place, answers, source)
    assert wrong == []
