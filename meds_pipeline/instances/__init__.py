"""Runs recipes over staged records: instances with their sources."""
