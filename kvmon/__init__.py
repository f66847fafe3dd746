"""kvmon watches Redis and Valkey, judges what it sees, and tells whoever needs to know."""
