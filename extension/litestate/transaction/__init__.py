"""Changes to files and databases, made all together or not at all."""
