"""Targets that documents name: Prometheus' file_sd and http_sd."""
