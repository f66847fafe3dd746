"""What has to survive a restart: one SQLite file, written by one thread. It knows rows, not what they mean."""
