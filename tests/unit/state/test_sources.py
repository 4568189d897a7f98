"""Sources of bundles: paths, URLs, bytes and files."""

from __future__ import annotations

import functools
import http.server
import io
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from litestate import load_state, save_state
from litestate.errors import BundleError, DamagedBundleError, SourceError
from sessions import Session

no_server = pytest.mark.skipif(
    sys.platform == "emscripten", reason="a kernel cannot listen; browser tests fetch for it"
)


@pytest.fixture
def bundle(session: Session) -> bytes:
    (session.home / "a").write_text("a")
    data, _ = session.save()
    session.clear()
    return data


@pytest.fixture
def web(tmp_path: Path) -> Iterator[str]:
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=tmp_path)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


class Stream(io.RawIOBase):
    """A stream that cannot seek, like a pipe."""

    def __init__(self, data: bytes) -> None:
        self._file = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        return self._file.readinto(buffer)


def test_bytes_files_and_paths(session: Session, bundle: bytes) -> None:
    path = session.notebook / "a b.litestate.zip"
    path.write_bytes(bundle)
    with path.open("rb") as file:
        sources = [bundle, bytearray(bundle), memoryview(bundle), io.BytesIO(bundle), file]
        for source in (*sources, Stream(bundle), path, str(path), path.name):
            (session.home / "a").unlink(missing_ok=True)
            load_state(source)  # type: ignore[arg-type]
            assert (session.home / "a").read_text() == "a"


def test_the_name_that_was_given_to_save_state(session: Session) -> None:
    (session.home / "a").write_text("a")
    save_state("work")
    assert load_state("work").headline.startswith("Loaded work.litestate.zip")
    # A file of exactly this name takes precedence.
    (session.notebook / "work").write_text("no bundle")
    with pytest.raises(BundleError):
        load_state("work")
    with pytest.raises(SourceError, match="There is no file"):
        load_state("work.zip")


def test_the_report_names_the_source(session: Session, bundle: bytes) -> None:
    path = session.notebook / "work.litestate.zip"
    path.write_bytes(bundle)
    assert load_state(path).headline == "Loaded work.litestate.zip: 1 file added"


@no_server
def test_a_url(session: Session, bundle: bytes, tmp_path: Path, web: str) -> None:
    (tmp_path / "a.zip").write_bytes(bundle)
    load_state(f"{web}/a.zip")
    assert (session.home / "a").read_text() == "a"


@no_server
@pytest.mark.usefixtures("session")
def test_a_url_that_is_not_there(web: str) -> None:
    with pytest.raises(SourceError, match="404"):
        load_state(f"{web}/missing.zip")


@no_server
@pytest.mark.usefixtures("session")
def test_a_server_that_is_not_there() -> None:
    with pytest.raises(SourceError, match="could not be fetched"):
        load_state("http://127.0.0.1:9/a.zip")


@no_server
def test_an_answer_that_is_cut_off(session: Session, bundle: bytes) -> None:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(bundle)))
            self.end_headers()
            self.wfile.write(bundle[: len(bundle) // 2])

        def log_message(self, format: str, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with pytest.raises(DamagedBundleError, match="It was cut off"):
            load_state(f"http://127.0.0.1:{server.server_port}/a.zip")
        server.shutdown()
    assert not list(session.home.iterdir())


class Pipe(io.RawIOBase):
    """A file that can only be written to."""

    def __init__(self) -> None:
        self.data = b""

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self.data += bytes(data)
        return len(data)


def test_a_save_into_a_pipe(session: Session) -> None:
    (session.home / "a").write_text("a")
    pipe = Pipe()
    save_state(pipe)  # type: ignore[arg-type]
    session.clear()
    load_state(pipe.data)
    assert (session.home / "a").read_text() == "a"


def test_a_save_into_an_open_file(session: Session) -> None:
    (session.home / "a").write_text("a")
    file = io.BytesIO()
    report = save_state(file)
    assert (report.path, report.size) == (None, len(file.getvalue()))
