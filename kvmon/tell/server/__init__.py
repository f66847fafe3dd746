"""The HTTP door: metrics, health, pages and JSON, from what was polled already."""
