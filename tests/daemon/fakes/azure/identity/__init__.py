"""See aio."""
