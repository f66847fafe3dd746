"""What comes from outside, made up: nothing of it may break the daemon."""
