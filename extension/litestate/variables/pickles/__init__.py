"""Pickles of objects that have no codec."""
