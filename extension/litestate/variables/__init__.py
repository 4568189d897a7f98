"""Storage of the notebook's variables, so that shared objects stay shared."""
