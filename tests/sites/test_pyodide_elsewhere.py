"""Sites whose Pyodide comes from another origin, in the ways that sites name it."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from extension_chain import add_extension
from jupyterlite_pyodide_kernel.constants import PYODIDE_CDN_URL
from playwright.sync_api import Route
from stock_sites import KERNEL, CleanEnvironment, lay_out, own_runtime, settings_of
from visits import Open, find_again, origin, use

from tools import wheelinfo
from tools.server import TYPES

LOCK_FOLDER = Path("static", "pyodide-lock")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """The folder of a site's author."""
    return lay_out(tmp_path / "source")


def test_another_origin_and_a_path(
    environment: CleanEnvironment, source: Path, cdn: str, visit: Open, tmp_path: Path
) -> None:
    site = environment.build(source, tmp_path / "site", pyodideUrl=f"{cdn}pyodide.mjs")
    visited = visit(site, "/some/where/")
    lab = visited.open()
    use(lab)
    find_again(lab)
    visited.assert_asked(origin(cdn))
    environment.jupyter_lite("check", "--output-dir", site, folder=source)


def test_the_layout_of_the_demo_and_the_kernels_own_address(
    environment: CleanEnvironment, source: Path, runtime: Path, visit: Open, tmp_path: Path
) -> None:
    """As in the template that most sites were made from; its build is run with its own command."""
    (source / "requirements.txt").write_text("jupyterlite-core\nlitestate\n", encoding="utf-8")
    (source / "content" / "README.md").write_text("# A site\n", encoding="utf-8")
    (source / "repl").mkdir()
    (source / "repl" / "jupyter-lite.json").write_text(
        json.dumps({
            "jupyter-lite-schema-version": 0,
            "jupyter-config-data": {"disabledExtensions": ["@jupyterlab/drawio-extension"]},
        }),
        encoding="utf-8",
    )  # fmt: skip
    site = environment.build(source, source / "dist")
    environment.jupyter_lite("check", "--output-dir", "dist", folder=source)
    assert "pyodideUrl" not in settings_of(site)[KERNEL]

    def answer(route: Route) -> None:
        file = runtime / route.request.url.removeprefix(f"{PYODIDE_CDN_URL}/")
        headers = {"Access-Control-Allow-Origin": "*", "Content-Type": TYPES[file.suffix]}
        route.fulfill(body=file.read_bytes(), headers=headers)

    visited = visit(site)
    visited.context.route(f"{PYODIDE_CDN_URL}/**", answer)
    use(visited.open())
    visited.assert_asked(origin(PYODIDE_CDN_URL))


def entry(path: Path, address: str) -> dict[str, Any]:
    """Return the entry of a wheel in a lock file."""
    info = wheelinfo.read(path)
    return {
        "name": info.name, "version": info.version, "file_name": address,
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "depends": list(info.depends), "imports": list(info.imports),
        "install_dir": "site", "package_type": "package", "unvendored_tests": False,
    }  # fmt: skip


def write_lock(site: Path, runtime: Path, cdn: str) -> None:
    """Write the file that `jupyter lite build --pyodide-lock` writes.

    It has the packages of Pyodide with their whole addresses, and all wheels of the site's
    extensions, among them litestate's. (The option itself needs Python 3.12 and the CDN.)
    """
    lock = json.loads((runtime / "pyodide-lock.json").read_text(encoding="utf-8"))
    for package in lock["packages"].values():
        package["file_name"] = cdn + package["file_name"]
    folder = site / LOCK_FOLDER
    folder.mkdir()
    (comm,) = own_runtime().glob("comm-*.whl")
    shutil.copy(comm, folder)
    for wheel in [folder / comm.name, *site.glob("extensions/**/*.whl")]:
        found = entry(wheel, f"../../{wheel.relative_to(site).as_posix()}")
        lock["packages"].setdefault(found["name"], found)
    (folder / "pyodide-lock.json").write_text(json.dumps(lock), encoding="utf-8")


def test_a_lock_file_of_the_sites_own(
    environment: CleanEnvironment,
    source: Path,
    runtime: Path,
    cdn: str,
    visit: Open,
    tmp_path: Path,
) -> None:
    site = environment.build(
        source,
        tmp_path / "site",
        pyodideUrl=f"{cdn}pyodide.mjs",
        loadPyodideOptions={
            "lockFileURL": f"./{LOCK_FOLDER.as_posix()}/pyodide-lock.json",
            # The build's own choice, and one that depends on wheels that litestate brings.
            "packages": ["comm", "ipykernel", "ipython", "pyodide-kernel", "litestate"],
        },
    )
    write_lock(site, runtime, cdn)
    visited = visit(site)
    lab = visited.open()
    use(lab)
    visited.assert_asked(origin(cdn))
    complaints = ("Loading same package", "URI mismatch", "error occurred while loading")
    assert not [text for text in lab.console if any(words in text for words in complaints)]


def test_other_extensions_that_change_the_address(
    environment: CleanEnvironment, source: Path, cdn: str, visit: Open, tmp_path: Path
) -> None:
    """One does so before litestate and one after it; the kernel loads Pyodide through all three."""
    add_extension(source, "early", after="")
    add_extension(source, "late", after="litestate.mjs")
    site = environment.build(source, tmp_path / "site", pyodideUrl=f"{cdn}pyodide.mjs")
    visited = visit(site)
    lab = visited.open()
    assert lab.value("list(__import__('js').chain)") == ["early", "late"]
    use(lab)
    visited.assert_asked(origin(cdn))
