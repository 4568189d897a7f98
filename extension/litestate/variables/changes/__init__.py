"""Find variables that a cell may have changed."""
