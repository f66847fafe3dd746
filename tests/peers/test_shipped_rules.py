"""The shipped alerts, broken on purpose: promtool and kvmon find the same files wrong."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from kvmon.judge.rules.document import Refused
from kvmon.judge.rules.rulefile import read_file
from kvmon.judge.rules.unit.run import run_tests
from kvmon.judge.rules.unit.testfile import read_tests
from tests.servers.kinds import tool

ROOT = Path(__file__).parents[2] / "alerts"
FILES = sorted(path.stem for path in ROOT.glob("*.yaml"))

BROKEN = (
    (r"severity: (critical|warning)", "severity: nonsense"),
    (r"(expr: [^\n]*) (>|<) ", r"\1 == bool "),
    (r"for: \d+[sm]\b", "for: 9h"),
    (r"(expr: [^\n]*\[)\d+m\]", r"\g<1>1s]"),
    (r"expr: ", "expr: (0 * "),
)
"""What is looked for in a file, and what stands there instead, once."""


def promtool(folder: Path, names: list[str]) -> dict[str, bool]:
    """Whether the tests of each name pass."""
    order = [tool("PROMTOOL"), "test", "rules", *(f"tests/{name}_test.yaml" for name in names)]
    done = subprocess.run(order, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    found: dict[str, bool] = {}
    name = ""
    for line in (done.stdout + done.stderr).splitlines():
        if match := re.fullmatch(r"Unit Testing:\s+tests/(\w+)_test\.yaml", line):
            name = match[1]
        elif line.strip() == "SUCCESS":
            found[name] = True
    return {each: found.get(each, False) for each in names}


def kvmon(folder: Path, name: str) -> bool:
    try:
        tests = read_tests(str(folder / "tests" / f"{name}_test.yaml"))
        return not any(run_tests(tests, read_file(str(folder / f"{name}.yaml"))))
    except Refused:
        return False


@pytest.mark.slow
def test_the_same_files_are_found_wrong(tmp_path: Path) -> None:
    (tmp_path / "tests").mkdir()
    broken = []
    for place, name in enumerate(FILES):
        text = (ROOT / f"{name}.yaml").read_text()
        old, new = next(
            pair for pair in (*BROKEN[place % len(BROKEN) :], *BROKEN) if re.search(pair[0], text)
        )  # a file that has nothing of the one kind is broken in another way
        broken.append(re.sub(old, new, text, count=1))
        (tmp_path / f"{name}.yaml").write_text(broken[-1])
        (tmp_path / "tests" / f"{name}_test.yaml").write_text((ROOT / "tests" / f"{name}_test.yaml").read_text())

    theirs = promtool(tmp_path, FILES)
    ours = {name: kvmon(tmp_path, name) for name in FILES}

    assert ours == theirs
    assert list(ours.values()).count(False) > len(FILES) * 0.6
