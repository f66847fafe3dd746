"""Real servers and a real daemon, started for a test and stopped by their ids."""
