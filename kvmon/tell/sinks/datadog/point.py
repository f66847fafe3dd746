"""What is sent, before it is text."""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import Literal, NamedTuple


class Form(StrEnum):
    """DogStatsD's kinds in use. There are no counts: on the Agent's names one would change the type of the metric."""

    GAUGE = "g"
    HISTOGRAM = "h"


class Point(NamedTuple):
    """One value. `tags` are harmless already."""

    name: str
    value: float
    tags: tuple[str, ...] = ()
    form: Form = Form.GAUGE


class Status(IntEnum):
    """Of a service check."""

    OK = 0
    WARNING = 1
    CRITICAL = 2
    UNKNOWN = 3


class ServiceCheck(NamedTuple):
    """One verdict."""

    name: str
    status: Status
    tags: tuple[str, ...] = ()
    message: str = ""


class Event(NamedTuple):
    """Something that happened. Events of one `aggregation_key` are shown as one."""

    title: str
    text: str
    aggregation_key: str
    tags: tuple[str, ...] = ()
    alert_type: Literal["error", "warning", "info", "success"] = "info"
