"""The files of a session: search for them, and the rules for which belong to its state."""
