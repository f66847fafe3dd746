"""What a release needs."""
