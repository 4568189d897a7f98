"""Saving of a state into a bundle, and loading of one."""
