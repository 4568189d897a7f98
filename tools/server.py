"""A web server for `dist/` on this machine, close to what a static host does."""

from __future__ import annotations

import errno
import http.server
import os
import sys
import urllib.parse
import webbrowser
from http import HTTPStatus
from pathlib import Path
from typing import BinaryIO

from tools.console import BuildError, step

ADDRESS = "127.0.0.1"
# Python's own table depends on the machine; a module with a wrong type is refused by browsers.
TYPES = {
    "": "application/octet-stream",
    ".css": "text/css; charset=utf-8",
    ".csv": "text/csv; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".ipynb": "application/json",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".whl": "application/zip",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
    ".zip": "application/zip",
}


class Handler(http.server.SimpleHTTPRequestHandler):
    """A handler that serves only the files of one folder, under one path.

    There are no COOP and COEP headers on purpose: with them the kernel takes another way to
    the files, one that loses cells now and then.
    """

    protocol_version = "HTTP/1.1"
    extensions_map = TYPES
    server: Server

    def send_head(self) -> BinaryIO | None:
        """Send the headers; return the file to send after them, if any."""
        address = urllib.parse.urlsplit(self.path)
        path = self._path(address.path)
        if path is not None and path.is_dir():
            # Relative addresses in the page count from the folder, which needs its slash.
            self._redirect(f"{address.path}/{address.query and '?'}{address.query}")
            return None
        try:
            stream = path.open("rb") if path else None
        except OSError:
            stream = None
        if stream is None or path is None:
            self.send_error(HTTPStatus.NOT_FOUND)
            return None
        if self._send_file_headers(path, os.fstat(stream.fileno())):
            return stream
        stream.close()
        return None

    def _path(self, address: str) -> Path | None:
        """Return the file of an address, the folder if its slash is missing, or None."""
        base = self.server.base
        if f"{address}/" == base:
            return self.server.folder
        if not address.startswith(base):
            return None
        # It drops all that would lead out of the folder.
        path = Path(self.translate_path(address[len(base) - 1 :]))
        return path / "index.html" if address.endswith("/") else path

    def _send_file_headers(self, path: Path, status: os.stat_result) -> bool:
        """Return whether the file itself has to follow."""
        # The change time too: two builds may differ in bytes and not in size or times.
        tag = f'"{status.st_size:x}-{status.st_mtime_ns:x}-{status.st_ctime_ns:x}"'
        is_new = self.headers.get("If-None-Match") != tag
        self.send_response(HTTPStatus.OK if is_new else HTTPStatus.NOT_MODIFIED)
        self.send_header("ETag", tag)
        if is_new:
            self.send_header("Content-Type", self.guess_type(path))
            self.send_header("Content-Length", str(status.st_size))
        self.end_headers()
        return is_new

    def _redirect(self, target: str) -> None:
        self.send_response(HTTPStatus.MOVED_PERMANENTLY)
        self.send_header("Location", target)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def end_headers(self) -> None:
        """Let browsers keep files, but ask each time whether they have changed."""
        self.send_header("Cache-Control", "no-cache")
        super().end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet: a page makes hundreds of requests."""


class Server(http.server.ThreadingHTTPServer):
    """A threaded server bound to the loopback address.

    Parameters
    ----------
    folder : Path
        The folder to serve.
    port : int
        The port; 0 picks a free one.
    base : str
        The path to serve it under, such as ``/litestate/``.

    Raises
    ------
    BuildError
        If the port is taken or not allowed.
    """

    daemon_threads = True
    # On Windows it would let two servers share one port; elsewhere a restart has to work
    # while the last server's connections are closing.
    allow_reuse_address = sys.platform != "win32"
    handler = Handler

    def __init__(self, folder: Path, port: int, base: str = "/") -> None:
        self.folder = folder
        self.base = f"/{base.strip('/')}/" if base.strip("/") else "/"
        try:
            super().__init__((ADDRESS, port), Handler)
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                why = "is taken by another program"
            else:
                why = f"can't be used ({error.strerror})"
            raise BuildError(
                f"port {port} of {ADDRESS} {why}; name another with --port, "
                "or let one be picked with --port 0"
            ) from None
        except OverflowError:
            raise BuildError(f"{port} is no port; ports are 0 to 65535") from None

    def finish_request(self, request, client_address) -> None:  # type: ignore[no-untyped-def]
        """Make the handler use this folder."""
        self.handler(request, client_address, self, directory=os.fspath(self.folder))

    def handle_error(self, request, client_address) -> None:  # type: ignore[no-untyped-def]
        """Don't report browsers that hang up; do report everything else."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    @property
    def url(self) -> str:
        """The address to open."""
        return f"http://{ADDRESS}:{self.server_port}{self.base}"


def serve(folder: Path, port: int, base: str, *, open_browser: bool) -> None:
    """Serve a folder until interrupted.

    Parameters
    ----------
    folder : Path
        The built site.
    port : int
        The port; 0 picks a free one.
    base : str
        The path to serve it under.
    open_browser : bool
        Whether to open the site in the user's browser.
    """
    with Server(folder, port, base) as server:
        step(f"serving at {server.url} (Ctrl-C stops)")
        if open_browser and _has_display():
            webbrowser.open(server.url)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            step("stopped")


def _has_display() -> bool:
    """Return whether a display exists; without one, `webbrowser` may start a text browser."""
    if sys.platform in ("win32", "darwin"):
        return True
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
