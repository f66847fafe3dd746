"""Circuit breakers: whether an op of a target may be tried now."""
