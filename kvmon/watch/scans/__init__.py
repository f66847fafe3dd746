"""Scans: what of a key space no INFO tells, found out step by step, within a budget."""
