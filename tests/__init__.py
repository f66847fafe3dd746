"""The tests: real servers, real peers, and what a user would notice."""
