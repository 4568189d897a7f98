"""Search for variables that a cell may have changed."""
