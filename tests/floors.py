"""Prints constraints that pin each dependency to the lowest version which pyproject.toml allows (`make floors`)."""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

HERE = Path(__file__).parents[1]
NAME = re.compile(r"[A-Za-z0-9._-]+")


def normal(name: str) -> str:
    """The one spelling of a distribution's name."""
    return re.sub(r"[-_.]+", "-", name).lower()


def name_of(requirement: str) -> str:
    """`redis[hiredis]>=8.0.1` is about `redis`."""
    found = NAME.match(requirement)
    assert found, f"not a requirement: {requirement!r}"
    return normal(found.group())


def floors(project: str, proven: str) -> list[str]:
    """Lowest versions of what users install; the tools that test it stay at the proven ones of constraints.txt."""
    pyproject = tomllib.loads(project)
    lines = []
    for requirement in pyproject["project"]["dependencies"]:
        lowest = re.search(r">=\s*([0-9][^,; ]*)", requirement)
        assert lowest, f"no lowest version in {requirement!r}"
        lines.append(f"{name_of(requirement)}=={lowest.group(1)}")
    tools = {name_of(requirement) for requirement in pyproject["dependency-groups"]["test"]}
    pins = (line.strip() for line in proven.splitlines() if line.strip() and not line.startswith("#"))
    return lines + [pin for pin in pins if name_of(pin) in tools]


if __name__ == "__main__":
    here = floors((HERE / "pyproject.toml").read_text(), (HERE / "constraints.txt").read_text())
    sys.stdout.write("\n".join(here) + "\n")
