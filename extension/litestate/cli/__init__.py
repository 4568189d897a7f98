"""The command line: for teachers and scripts."""

from .run import main

__all__ = ["main"]
