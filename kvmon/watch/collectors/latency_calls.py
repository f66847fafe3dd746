"""Which commands were called lately: only their histograms can have changed, and histograms cost the server more than INFO."""

from __future__ import annotations

from dataclasses import dataclass

from kvmon.model.conversation import Reply

OWN = frozenset({"info", "latency|latest", "latency|histogram", "slowlog|len", "slowlog|get"})
"""What kvmon itself calls in every poll, and hardly anybody else."""

ROUNDS = 20
"""After so many rounds all histograms are asked for: our own commands' too, and what has a name that INFO writes otherwise."""

_BEGIN = b"cmdstat_"


@dataclass(frozen=True, slots=True)
class Calls:
    """What INFO commandstats said last, and what was called between that look and the one before; None for not known."""

    lately: tuple[str, ...] | None = None
    stats: bytes = b""
    run_id: str = ""
    rounds: int = 0

    def after(self, run_id: str, stats: Reply) -> Calls:
        """The next look."""
        if not isinstance(stats, bytes) or not (section := _section(stats)):
            return Calls()
        if run_id != self.run_id:
            return Calls((), section, run_id)  # of a process that is new, everything was just asked
        if self.rounds >= ROUNDS:
            return Calls(None, section, run_id)
        if section == self.stats:
            return Calls((), self.stats, run_id, self.rounds + 1)
        before, now = set(self.stats.split(b"\r\n")), set(section.split(b"\r\n"))
        called = {_name(line) for line in now - before}
        if {_name(line) for line in before - now} - called:
            return Calls(None, section, run_id)  # the server began to count anew
        return Calls(tuple(sorted(called - OWN)), section, run_id, self.rounds + 1)


def _section(stats: bytes) -> bytes:
    begin = stats.find(_BEGIN)
    end = stats.find(b"\r\n\r\n", begin)
    return stats[begin : end if end >= 0 else len(stats)].rstrip() if begin >= 0 else b""


def _name(line: bytes) -> str:
    return line[len(_BEGIN) : line.find(b":")].decode("utf-8", "replace")
