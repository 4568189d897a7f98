"""Real files and a real server on this machine, with typical faults."""

from __future__ import annotations

import contextlib
import hashlib
import http.server
import threading
import time
import zipfile
from pathlib import Path

from tools.sitelock import LockedFile, Source

TEMPLATE = "{url}/v{{version}}/{{file}}"


class Web:
    """A web server whose answers a test chooses, by file name."""

    def __init__(self) -> None:
        self.answers: dict[str, bytes] = {}
        self.requests: list[str] = []
        # Bytes to send before hanging up, or seconds to wait in the middle.
        self.cut_after: int | None = None
        self.pause = 0.0
        web = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                web.answer(self)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.template = TEMPLATE.format(url=self.url)
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()

    def answer(self, handler: http.server.BaseHTTPRequestHandler) -> None:
        self.requests.append(handler.path)
        data = self.answers.get(handler.path.rpartition("/")[2])
        if data is None:
            handler.send_error(404)
            return
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        half = len(data) // 2 if self.cut_after is None else self.cut_after
        # The client may have given up, or been killed.
        with contextlib.suppress(ConnectionError):
            handler.wfile.write(data[:half])
            handler.wfile.flush()
            time.sleep(self.pause)
            if self.cut_after is None:
                handler.wfile.write(data[half:])


def locked(file_name: str, data: bytes, **sources: str) -> LockedFile:
    """Return the lock's entry for a file with this content."""
    return LockedFile(
        name=file_name.partition("-")[0],
        version="1.0",
        file_name=file_name,
        sha256=hashlib.sha256(data).hexdigest(),
        size=len(data),
        sources=tuple(Source(kind, spec) for kind, spec in sources.items()),
    )


def make_wheel(
    folder: Path, name: str, *, requires: tuple[str, ...] = (), **members: bytes
) -> Path:
    """Write a small wheel that pip accepts."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}-1.0-py3-none-any.whl"
    info = f"{name}-1.0.dist-info"
    lines = ["Metadata-Version: 2.1", f"Name: {name}", "Version: 1.0"]
    lines += [f"Requires-Dist: {requirement}" for requirement in requires]
    with zipfile.ZipFile(path, "w") as wheel:
        wheel.writestr(f"{name}/__init__.py", "")
        for member, data in members.items():
            wheel.writestr(f"{name}/data/{member}", data)
        wheel.writestr(f"{info}/METADATA", "\n".join(lines) + "\n\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    return path
