"""The doors to the outside: what kvmon shows, pushes and answers."""
