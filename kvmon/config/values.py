"""Kinds of values that several sections of a configuration file have."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import Field, PlainSerializer, PlainValidator

from kvmon.config.urls import read_url, shown
from kvmon.model.targets.address import BackendUrl

PREFIX = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")
"""What names of metrics and labels are made of."""


Url = Annotated[
    BackendUrl,
    PlainValidator(read_url, json_schema_input_type=str),
    PlainSerializer(shown, return_type=str),
]
File = Annotated[str, Field(min_length=1)]
