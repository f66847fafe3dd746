"""Go's text/template as Prometheus and Alertmanager use it: parse once, expand often. Pure.

Values are Python's: float is float64, int is int, str, bool, None is nil; mappings are maps, sequences are slices, and a Struct
has exactly its fields.
"""

from __future__ import annotations

from kvmon.judge.templates.errors import TemplateError
from kvmon.judge.templates.execute import expand
from kvmon.judge.templates.parse import Template, parse, together
from kvmon.judge.templates.values import Function, Methods, Struct, Zero

__all__ = ["Function", "Methods", "Struct", "Template", "TemplateError", "Zero", "expand", "parse", "together"]
