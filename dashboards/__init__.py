"""Dashboards that ship with kvmon."""
