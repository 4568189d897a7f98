"""Command-line flags with which tests and benches start Chromium."""

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
"""Run as root in a container, and keep Chromium's own requests off the network."""
