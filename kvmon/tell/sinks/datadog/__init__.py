"""Datadog: through DogStatsD of an Agent, or straight to its API."""
