"""Rows of scripts of the user's own."""

from __future__ import annotations

from kvmon.model.metrics.spec import Spec

SOURCE = "EVAL, EVAL_RO"

VALUE = Spec("redis_script_values", "A number that a script returned.", labels=("key", "filename"), source=SOURCE)
RESULT = Spec(
    "redis_script_result",
    "What became of a script: 1 it ran, 0 it failed, 2 it returned nothing.",
    labels=("filename",),
    source=SOURCE,
)

ROWS: tuple[Spec, ...] = (VALUE, RESULT)
"""All of them."""
