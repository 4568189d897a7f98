"""Pickle what no codec can store."""
