"""Public functions: what a notebook calls."""
