"""Which INFO fields count as numbers without a metric."""

from __future__ import annotations

from kvmon.diagnose.unmapped import unmapped


def test_numbers_without_a_row_are_listed_and_nothing_else() -> None:
    fields = {"used_memory": "1", "new_number": "2", "new_share": "12.5%", "new_word": "yes", "new_pairs": "a=1,b=2"}
    fields |= {"new_nothing": "nan", "db0": "keys=1", "cmdstat_get": "calls=1", "master_replid2": "0" * 40, "uptime_in_days": "3"}
    assert unmapped(fields) == {"new_number": 2.0, "new_share": 12.5}
