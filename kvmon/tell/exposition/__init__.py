"""Snapshots as text for Prometheus: rendered when polled, joined when scraped."""
