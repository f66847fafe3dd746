"""What the environment says: targets in the sets that others use, scalars of the file, redis_exporter's variables."""
