"""Turn the values of names into a graph of nodes, and back."""
