"""The lines of one target's page."""

from __future__ import annotations

from kvmon.tell.server.pages.past import Key, Line
from kvmon.tell.server.pages.patient import Patient
from kvmon.tell.server.pages.spark import Chart, chart
from kvmon.tell.server.pages.texts import ago_text, bytes_text, ratio_text

SPANS = {"5m": 300.0, "1h": 3600.0}
POINTS = 60


def charts(patient: Patient, exhaustion: float | None, span: float) -> list[Chart]:
    """Those that say something, of the last `span` seconds. `exhaustion`: seconds until memory is full, if it grows."""
    keys = patient.keys
    every = [state.node.key for state in patient.states]
    replicas = [state.node.key for state in patient.states if state.role == "replica"]

    def line(name: str, of: list[Key] | None = None) -> Line:
        return patient.past.line(keys if of is None else of, name, span=span, points=POINTS)

    limit = patient.memory_limit
    found = [
        chart("Commands per second", [("", line("commands"))], unit="number"),
        chart("Hit ratio", [("", line("hit_ratio"))], unit="ratio", most=1.0, note="of the last five minutes"),
        chart("Memory", [("", line("memory"))], unit="bytes", limit=limit, note=_forecast(patient, exhaustion)),
        chart("Clients", [("", line("clients"))], unit="number"),
        chart("Latency of commands", [(name, line(name)) for name in ("p50", "p99", "p99.9")], unit="seconds",
              note="at the server, since the poll before" + ("; of the slowest node" if len(keys) > 1 else "")),
        chart("Probes", [(name, line(name, of=every)) for name in ("get", "set")], unit="seconds",
              note="PING and GET, SET, on a kept connection"),
        chart("Connecting", [(name, line(name, of=every)) for name in ("dns", "tcp", "tls", "auth", "ping")],
              unit="seconds", note="phases of a fresh connection"),
        chart("Network", [(name, line(f"network_{name}")) for name in ("in", "out")], unit="rate"),
        chart("CPU, all threads", [("", line("cpu"))], unit="ratio"),
        chart("Evictions, errors", [(name, line(name)) for name in ("evictions", "errors")], unit="number", note="per second"),
    ]  # fmt: skip
    if replicas:
        found.append(chart("Replication lag", [("", line("lag", of=replicas))], unit="seconds", note="mean of the replicas"))
    return found


def _forecast(patient: Patient, exhaustion: float | None) -> str:
    limit, ratio = patient.memory_limit, patient.memory_ratio
    if limit is None:
        return "no limit is known"
    text = f"{ratio_text(ratio)} of {bytes_text(limit)}"
    return f"{text}; full in {ago_text(exhaustion)} if it grows on like this" if exhaustion is not None else text
