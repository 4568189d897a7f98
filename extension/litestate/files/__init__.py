"""Files, folders and links of a session: find them, and decide which belong to its state."""
