from __future__ import annotations

import http.client
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.console import BuildError
from tools.server import Server


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    site = tmp_path / "site"
    (site / "lab").mkdir(parents=True)
    (site / "index.html").write_text("root")
    (site / "lab" / "index.html").write_text("lab")
    (site / "empty").mkdir()
    for name in ("a.wasm", "a.mjs", "a.whl", "a.ipynb", "a.zip", "a.json", "a.unknown"):
        (site / name).write_text("x")
    (tmp_path / "secret").write_text("secret")
    return site


@pytest.fixture(params=["/", "/some/where/"])
def server(folder: Path, request: pytest.FixtureRequest) -> Iterator[Server]:
    with Server(folder, 0, request.param) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def get(
    server: Server, path: str, method: str = "GET", **headers: str
) -> tuple[int, http.client.HTTPMessage, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    connection.request(method, server.base + path, headers=headers)
    reply = connection.getresponse()
    return reply.status, reply.headers, reply.read()


def test_only_this_machine_can_connect(server: Server) -> None:
    assert server.server_address[0] == "127.0.0.1"
    assert server.url == f"http://127.0.0.1:{server.server_port}{server.base}"


def test_pages_and_folders(server: Server) -> None:
    assert get(server, "")[2] == b"root"
    assert get(server, "lab/")[2] == b"lab"
    status, headers, _body = get(server, "lab?path=x.ipynb")
    assert (status, headers["Location"]) == (301, f"{server.base}lab/?path=x.ipynb")


@pytest.mark.parametrize(
    "path", ["missing", "empty/", "a.json/", "../secret", "%2e%2e/secret", "lab/../../secret"]
)
def test_what_is_not_there_is_a_404(server: Server, path: str) -> None:
    assert get(server, path)[0] == 404


def test_outside_of_the_base_path_there_is_nothing(folder: Path) -> None:
    with Server(folder, 0, "here") as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        assert server.base == "/here/"
        connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
        answers = {}
        for path in ("/", "/index.html", "/here", "/hereafter/index.html", "/here/index.html"):
            connection.request("GET", path)
            reply = connection.getresponse()
            reply.read()
            answers[path] = reply.status
        server.shutdown()
    assert answers == {
        "/": 404,
        "/index.html": 404,
        "/here": 301,
        "/hereafter/index.html": 404,
        "/here/index.html": 200,
    }


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.wasm", "application/wasm"),
        ("a.mjs", "text/javascript; charset=utf-8"),
        ("a.whl", "application/zip"),
        ("a.zip", "application/zip"),
        ("a.ipynb", "application/json"),
        ("a.json", "application/json"),
        ("a.unknown", "application/octet-stream"),
    ],
)
def test_types(server: Server, name: str, kind: str) -> None:
    assert get(server, name)[1]["Content-Type"] == kind


def test_no_headers_that_change_how_the_kernel_reaches_files(server: Server) -> None:
    headers = get(server, "")[1]
    assert headers["Cross-Origin-Opener-Policy"] is None
    assert headers["Cross-Origin-Embedder-Policy"] is None


def test_an_unchanged_file_is_not_sent_again(server: Server) -> None:
    _status, headers, _body = get(server, "a.json")
    assert headers["Cache-Control"] == "no-cache"
    status, _headers, body = get(server, "a.json", **{"If-None-Match": headers["ETag"]})
    assert (status, body) == (304, b"")


def test_a_changed_file_is_sent_even_if_size_and_time_are_the_same(
    server: Server, folder: Path
) -> None:
    path = folder / "a.json"
    before = path.stat()
    tag = get(server, "a.json")[1]["ETag"]
    path.write_text("y")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert get(server, "a.json", **{"If-None-Match": tag})[2] == b"y"


def test_head_has_no_body(server: Server) -> None:
    status, headers, body = get(server, "a.json", method="HEAD")
    assert (status, headers["Content-Length"], body) == (200, "1", b"")


def test_a_connection_kept_open_does_not_hold_up_others(server: Server) -> None:
    waiting = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
    waiting.connect()
    assert get(server, "")[0] == 200
    waiting.close()


def test_a_taken_port_is_a_clear_error(server: Server, folder: Path) -> None:
    with pytest.raises(BuildError, match=rf"port {server.server_port} .* is taken .* --port 0"):
        Server(folder, server.server_port)


def test_a_number_that_is_no_port(folder: Path) -> None:
    with pytest.raises(BuildError, match="70000 is no port"):
        Server(folder, 70000)
