"""Loaded modules."""

from __future__ import annotations

from kvmon.model.metrics.spec import Spec

INFO = Spec(
    "redis_module_info",
    "A loaded module with its version and relations; always 1.",
    labels=("name", "ver", "api", "filters", "usedby", "using"),
    source="INFO modules",
)
COUNT = Spec("kvmon_modules", "Modules that are loaded.", source="INFO modules")

ROWS = (INFO, COUNT)
