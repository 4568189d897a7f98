"""The machine of the session: root folders for its files, and modules that may be imported."""
