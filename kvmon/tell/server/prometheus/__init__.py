"""Prometheus' HTTP API over the recent history, so that Grafana and promtool read kvmon as they read Prometheus."""
