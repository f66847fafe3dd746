"""Datadog, through DogStatsD."""
