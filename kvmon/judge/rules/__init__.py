"""Rules: Prometheus' rule files, what their groups do at each evaluation, and promtool's unit tests of them."""
