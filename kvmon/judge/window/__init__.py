"""The recent history that rules, the page and Prometheus' API read."""
