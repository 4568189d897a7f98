"""The machine that runs the session: folders where files belong, modules that may be imported."""
