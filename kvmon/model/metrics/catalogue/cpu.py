"""Rows of CPU time."""

from __future__ import annotations

from kvmon.model.metrics.catalogue.rows import row, rows
from kvmon.model.metrics.spec import COUNTER

IO_THREAD_ACTIVE = row(
    "active_time_io_thread_seconds_total",
    "Time an I/O thread was at work.",
    "thread",
    source="INFO cpu",
    kind=COUNTER,
    unit="seconds",
)

ROWS = (
    *rows(
        "INFO cpu", COUNTER,
        ("cpu_sys_seconds_total", "used_cpu_sys", "seconds", "System CPU time of the server, all threads."),
        ("cpu_user_seconds_total", "used_cpu_user", "seconds", "User CPU time of the server, all threads."),
        ("cpu_sys_children_seconds_total", "used_cpu_sys_children", "seconds", "System CPU time of forked children."),
        ("cpu_user_children_seconds_total", "used_cpu_user_children", "seconds", "User CPU time of forked children."),
        ("cpu_sys_main_thread_seconds_total", "used_cpu_sys_main_thread", "seconds", "System CPU time of the main thread."),
        ("cpu_user_main_thread_seconds_total", "used_cpu_user_main_thread", "seconds", "User CPU time of the main thread."),
        ("active_time_main_thread_seconds_total", "used_active_time_main_thread", "seconds", "Time the main thread was at work."),
    ),
    IO_THREAD_ACTIVE,
)  # fmt: skip
