"""What Prometheus said, recorded: `python -m tests.judge.promql.goldens` asks a real one and writes the file anew."""

from __future__ import annotations

import gzip
import json
import math
import tempfile
from pathlib import Path
from typing import Any

from tests.judge.promql.compare import Answer, theirs
from tests.judge.promql.data import INSTANTS, T0, given
from tests.judge.promql.expressions import DELAYED, WRITTEN, generated
from tests.judge.promql.prometheus import ask, prometheus, write

FILE = Path(__file__).parent / "goldens.json.gz"
DELAYED_FILE = Path(__file__).parent / "delayed.json.gz"
FLAG = "--enable-feature=promql-delayed-name-removal"
START, END, STEP = T0 + 600_000, T0 + 1_500_000, 90_000

INEXACT = ("^", "exp", "log", "ln", "sin", "cos", "tan", "sqrt", "deg", "rad", "predict_linear", "stddev", "avg")
"""Functions whose last digit may differ from one library of mathematics to the next."""


def chosen(count: int, seed: int = 1) -> list[str]:
    """Generated expressions, without those whose labels hang on a last digit."""
    return [text for text in generated(count, seed) if "count_values" not in text or not any(word in text for word in INEXACT)]


TRANSCENDENTAL = ("^", "exp", "log", "ln", "sin", "cos", "tan", "sqrt")
SHARP = (
    "std",
    "deriv",
    "predict",
    "delta",
    "rate",
    "increase",
    "changes",
    "resets",
    "floor",
    "ceil",
    "round",
    "%",
    " - ",
    "=",
    "<",
    ">",
)


def unstable(text: str) -> bool:
    """Whether a last digit of a function, which libraries of mathematics differ in, can become more than a last digit."""
    return any(word in text for word in TRANSCENDENTAL) and any(word in text for word in SHARP)


def unordered(text: str) -> bool:
    """Whether a query over time picks among equal values: Prometheus does so in the order of a map, another each time."""
    return "topk" in text or "bottomk" in text


def mixed(text: str) -> bool:
    """Whether names go or stay by the place of a series among others, which in a query over time is the order of a map."""
    return "by (__name__" in text and " or " in text


def moments_of(place: int) -> tuple[int, ...]:
    """All for an expression that was written (-1), some for a generated one."""
    return INSTANTS if place < 0 else tuple(INSTANTS[(place + step) % len(INSTANTS)] for step in (0, 2, 3))


def asked(url: str, text: str, moments: tuple[int, ...] = INSTANTS) -> list[Answer]:
    """What a Prometheus says at each moment, and over time."""
    found = [theirs(ask(url, "query", query=text, time=at / 1000)) for at in moments]
    found.append(theirs(ask(url, "query_range", query=text, start=START / 1000, end=END / 1000, step=STEP / 1000)))
    return found


def packed(answers: list[Answer], labels: dict[str, int]) -> list[Any]:
    """In fewer words: labels by number, and the times of a whole query only where some are missing."""
    out: list[Any] = []
    for answer in answers:
        if "series" not in answer:
            out.append(answer)
            continue
        series = [[labels.setdefault(json.dumps(pairs), len(labels)), _points(points)] for pairs, points in answer["series"]]
        out.append([answer["kind"], series, answer["remarks"]])
    return out


def _points(points: list[list[float]]) -> list[Any]:
    return [[at - T0, str(value) if not math.isfinite(value) else value] for at, value in points]


def unpacked(answers: list[Any], labels: list[Any]) -> list[Answer]:
    """The answers again."""
    out: list[Answer] = []
    for answer in answers:
        if isinstance(answer, dict):
            out.append(answer)
            continue
        kind, series, remarks = answer
        read = [[labels[index], [[at + T0, float(value)] for at, value in points]] for index, points in series]
        out.append({"kind": kind, "series": read, "remarks": remarks})
    return out


def recorded(file: Path = FILE) -> dict[str, list[Answer]]:
    """All answers by expression."""
    document = json.loads(gzip.decompress(file.read_bytes()))
    labels = [json.loads(text) for text in document["labels"]]
    return {text: unpacked(answers, labels) for text, answers in document["answers"].items()}


def record() -> None:
    """Ask, and write the file."""
    labels: dict[str, int] = {}
    answers: dict[str, list[Any]] = {}
    with tempfile.TemporaryDirectory() as folder, prometheus(Path(folder)) as url:
        write(url, given())
        for text in WRITTEN:
            answers[text] = packed(asked(url, text), labels)
        for place, text in enumerate(chosen(1800)):
            # Each at some moments, and every second over time: many expressions show more than many moments.
            found = asked(url, text, moments_of(place))
            answers.setdefault(text, packed(found if place % 2 == 0 else found[:-1], labels))
    _write(FILE, labels, answers)


def record_delayed() -> None:
    """The same for names of metrics that go at the end."""
    labels: dict[str, int] = {}
    with tempfile.TemporaryDirectory() as folder, prometheus(Path(folder), FLAG) as url:
        write(url, given())
        answers = {text: packed(asked(url, text), labels) for text in DELAYED}
    _write(DELAYED_FILE, labels, answers)


def _write(file: Path, labels: dict[str, int], answers: dict[str, list[Any]]) -> None:
    text = json.dumps({"labels": list(labels), "answers": answers}, ensure_ascii=False, separators=(",", ":"))
    file.write_bytes(gzip.compress(text.encode(), mtime=0))


if __name__ == "__main__":
    record()
    record_delayed()
