from __future__ import annotations

from benchmarks.leaks import slope, trend

MINUTES = [60.0 * n for n in range(60)]


def test_a_slope_is_not_bent_by_a_few_odd_values() -> None:
    values = [2.0 * time for time in MINUTES]
    values[7], values[30] = 1e9, -1e9
    assert slope(MINUTES, values) == 2.0


def test_what_grows_after_the_warm_up_leaks() -> None:
    found = trend("memory", MINUTES, [100.0 + minute for minute in range(60)], noise=10.0)
    assert found.leaks
    assert round(found.per_hour) == 60


def test_caches_that_fill_and_noise_are_no_leak() -> None:
    filling = [100.0 + min(minute, 15) for minute in range(60)]
    assert not trend("memory", MINUTES, filling, noise=5.0).leaks
    assert not trend("memory", MINUTES, [100.0 + minute % 3 for minute in range(60)], noise=5.0).leaks


def test_too_short_a_run_has_no_slope() -> None:
    assert slope([1.0], [5.0]) == 0.0
    assert not trend("threads", [1.0], [5.0], noise=0.0).leaks
