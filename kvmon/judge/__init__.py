"""Judging: pure conclusions from what was watched; no sockets, no clock of its own."""
