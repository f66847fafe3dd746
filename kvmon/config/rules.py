"""The section `rules`, and the rule files that it names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kvmon.config.files import beside, matching
from kvmon.config.mistakes import Ledger
from kvmon.config.source import Source
from kvmon.judge.rules.options import RulesOptions

if TYPE_CHECKING:
    from kvmon.judge.rules.rulefile import Group


@dataclass(frozen=True, slots=True)
class Rules:
    """What is evaluated. `interval` (ms) is that of groups without one of their own; `files` are those that were read."""

    groups: tuple[Group, ...] = ()
    interval: int = 15_000
    files: tuple[str, ...] = ()


def rules_of(options: RulesOptions | None, *, base: str, source: Source, ledger: Ledger) -> Rules:
    """The effective section; mistakes go to the ledger, those in rule files with their own places."""
    if options is None or not options.files:
        return Rules()
    # Here, as what is not configured is not imported.
    from kvmon.judge.rules.document import Refused
    from kvmon.judge.rules.rulefile import read_file

    groups: list[Group] = []
    files: list[str] = []
    for index, pattern in enumerate(options.files):
        found = matching(beside(pattern, base))
        if not found:
            ledger.add(f"rules.files: no file matches {pattern!r}", where=source.where(("rules", "files", index)))
        files += [file for file in found if file not in files]
    for file in files:
        source.files.append(file)
        try:
            groups += read_file(file)
        except Refused as error:
            for each in error.errors:
                ledger.add(each.message, where=each.where, hint=each.hint)
    return Rules(tuple(groups), round(options.evaluation_interval * 1000), tuple(files))
