"""The jobs of build.py, one module for each."""
