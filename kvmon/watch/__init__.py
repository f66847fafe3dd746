"""Watching backends: sockets, questions, derivation, and the poller that joins them."""
