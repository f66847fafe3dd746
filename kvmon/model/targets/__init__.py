"""Backends as a user names them, and the server processes they are made of."""
