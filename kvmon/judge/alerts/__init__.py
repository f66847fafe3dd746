"""Alerts: the state machine of Prometheus' alerting rules, and their texts. Pure: time and results are handed in."""
