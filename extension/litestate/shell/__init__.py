"""The notebook's shell: cells as they run, and work that is done after them."""
