"""Patterns of names, as the server and as Lua have them."""
