"""The version of litestate."""

__version__ = "0.1.0"
