"""The doctor: walks to a node step by step, looks at it, and says what to do about what is wrong."""

from __future__ import annotations

from kvmon.diagnose.doctor.examine import examine
from kvmon.diagnose.doctor.finding import Examination, Finding

__all__ = ["Examination", "Finding", "examine"]
