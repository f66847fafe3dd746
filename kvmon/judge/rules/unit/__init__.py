"""promtool's unit tests of rules: the same files, the same verdicts."""
