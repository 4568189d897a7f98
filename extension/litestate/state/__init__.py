"""Save a state into a bundle, and load one."""
