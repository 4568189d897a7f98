"""Web servers for the time of a test."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.server import Handler, Server


class _OpenHandler(Handler):
    """A handler that lets pages of every origin read its files."""

    def end_headers(self) -> None:
        self.send_header("Access-Control-Allow-Origin", "*")
        super().end_headers()


class _OpenServer(Server):
    handler = _OpenHandler


@contextmanager
def serving(folder: Path, base: str = "/", *, to_other_origins: bool = False) -> Iterator[Server]:
    """Serve a folder until the end of the block.

    Parameters
    ----------
    folder : Path
        The folder.
    base : str
        The path to serve it under.
    to_other_origins : bool
        Whether pages of other origins may read the files, as those of a CDN.
    """
    server_class = _OpenServer if to_other_origins else Server
    with server_class(folder, 0, base) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join(timeout=10)
