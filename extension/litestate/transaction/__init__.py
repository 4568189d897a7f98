"""Change files and databases all together or not at all."""
