"""The notebook's own names: what their values are made of, stored so that sharing survives."""
