"""The wheel and the sdist that are published, as the build makes them."""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path, PurePosixPath

import litestate
import pytest
from packaging.metadata import Metadata
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools import extension
from tools.paths import EXTENSION, REQUIREMENTS, SITE_LOCK

VERSION = litestate.__version__
SHARED = f"litestate-{VERSION}.data/data/share/jupyter/labextensions/litestate/"
INFO = f"litestate-{VERSION}.dist-info/"
LARGEST = 2_500_000
"""Bytes of the wheel, and of the sdist."""

MOST_JAVASCRIPT = 150_000
"""Bytes of JavaScript that the page may load."""

PINNED = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)", re.MULTILINE)


@pytest.fixture(scope="module")
def wheel() -> Path:
    # A site's build has made it, or `build.py test --unit`; otherwise this takes a minute.
    return extension.build_wheel()


@pytest.fixture(scope="module")
def sdist(wheel: Path) -> Path:
    return wheel.with_name(f"litestate-{VERSION}.tar.gz")


def content(wheel: Path | io.BytesIO) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def top(names: object) -> set[str]:
    return {PurePosixPath(str(name)).parts[0] for name in names}  # type: ignore[attr-defined]


def sources() -> set[str]:
    found: set[str] = set()
    for path in extension.sources():
        files = path.rglob("*") if path.is_dir() else [path]
        found |= {file.relative_to(EXTENSION).as_posix() for file in files if file.is_file()}
    return {name for name in found if not re.search(r"__pycache__|\.py[co]$|_cache/", name)}


def test_the_wheel_has_the_package_and_the_labextension(wheel: Path) -> None:
    files = content(wheel)
    assert top(files) == {
        "litestate",
        f"litestate-{VERSION}.data",
        f"litestate-{VERSION}.dist-info",
    }
    package = {name for name in sources() if name.startswith("litestate/")}
    assert {name for name in files if name.startswith("litestate/")} == package | {
        "litestate/_version.py"
    }
    shared = {name.removeprefix(SHARED) for name in files if name.startswith(SHARED)}
    assert {name for name in files if ".data/" in name} == {SHARED + name for name in shared}
    assert shared >= {"package.json", "install.json", "static/style.js", "static/pypi/all.json"}
    described = json.loads(files[f"{SHARED}package.json"])
    assert described["version"] == VERSION
    assert described["jupyterlab"]["_build"]["load"] in shared
    modules = {name for name in sources() if name.startswith("kernel/") and name.endswith(".mjs")}
    in_static = {name.removeprefix("static/") for name in shared if name.endswith(".mjs")}
    assert in_static == modules | {"kernel/wheels.mjs"}


def test_nothing_else_is_in_the_wheel(wheel: Path, sdist: Path) -> None:
    bad = re.compile(r"node_modules|__tests__|(^|/)tests?/|\.map$|\.pyc$|\.tsbuildinfo$")
    assert [name for name in content(wheel) if bad.search(name)] == []
    assert wheel.stat().st_size < LARGEST
    assert sdist.stat().st_size < LARGEST


def test_the_page_has_little_to_load(wheel: Path) -> None:
    sizes = [
        len(data)
        for name, data in content(wheel).items()
        if re.fullmatch(f"{re.escape(SHARED)}static/[^/]+\\.js", name)
    ]
    assert 0 < sum(sizes) < MOST_JAVASCRIPT


def test_the_wheel_of_kernels_has_the_package_alone(wheel: Path) -> None:
    files = content(wheel)
    inner = content(io.BytesIO(files[f"{SHARED}static/pypi/litestate-{VERSION}-py3-none-any.whl"]))
    assert top(inner) == {"litestate", f"litestate-{VERSION}.dist-info"}
    package = {name for name in files if name.startswith("litestate/")}
    assert {name for name in inner if name.startswith("litestate/")} == {
        name for name in package if not name.startswith("litestate/lite_addon/")
    }
    assert all(inner[name] == files[name] for name in inner if name.startswith("litestate/"))
    assert (
        f"{INFO}entry_points.txt" not in inner
        or b"jupyterlite" not in inner[f"{INFO}entry_points.txt"]
    )


def test_the_wheels_that_kernels_load_are_those_of_the_index(wheel: Path) -> None:
    files = content(wheel)
    folder = f"{SHARED}static/pypi/"
    listed = json.loads(files[f"{folder}all.json"])
    digests = {
        release["filename"]: release["digests"]["sha256"]
        for project in listed.values()
        for releases in project["releases"].values()
        for release in releases
    }
    wheels = {name.removeprefix(folder) for name in files if name.startswith(folder)} - {"all.json"}
    assert digests.keys() == wheels
    for name, digest in digests.items():
        assert hashlib.sha256(files[folder + name]).hexdigest() == digest
        assert name in files[f"{SHARED}static/kernel/wheels.mjs"].decode()
    # What litestate needs in a kernel is loaded with it.
    metadata = Metadata.from_email(files[f"{INFO}METADATA"])
    needed = {
        it.name
        for it in metadata.requires_dist or []
        if it.marker is None or it.marker.evaluate({"sys_platform": "emscripten", "extra": ""})
    }
    assert listed.keys() == {"litestate", *needed}


def test_the_metadata_is_valid(wheel: Path, sdist: Path) -> None:
    files = content(wheel)
    # It raises for fields and values that PyPI refuses.
    metadata = Metadata.from_email(files[f"{INFO}METADATA"])
    with tarfile.open(sdist) as archive:
        member = archive.extractfile(f"litestate-{VERSION}/PKG-INFO")
        assert member
        assert Metadata.from_email(member.read()).version == metadata.version
    package = json.loads((EXTENSION / "package.json").read_text(encoding="utf-8"))
    assert (metadata.name, str(metadata.version)) == ("litestate", package["version"])
    assert metadata.summary == package["description"]
    assert metadata.license_expression == package["license"] == "BSD-3-Clause"
    assert metadata.description_content_type == "text/markdown"
    assert metadata.description == (EXTENSION / "README.md").read_text(encoding="utf-8")
    assert f"{INFO}licenses/LICENSE" in files
    assert "[jupyterlite.addon.v0]" in files[f"{INFO}entry_points.txt"].decode()


def test_the_sdist_has_the_sources_and_what_was_built(wheel: Path, sdist: Path) -> None:
    with tarfile.open(sdist) as archive:
        prefix = f"litestate-{VERSION}/"
        names = {name.removeprefix(prefix) for name in archive.getnames()}
    shared = {name.removeprefix(SHARED) for name in content(wheel) if name.startswith(SHARED)}
    built = {f"litestate/labextension/{name}" for name in shared - {"install.json"}}
    # .gitignore: hatchling puts it there.
    assert names - {".gitignore"} == sources() | built | {"litestate/_version.py", "PKG-INFO"}


def test_the_sdist_builds_without_node_and_network(
    wheel: Path, sdist: Path, tmp_path: Path
) -> None:
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path, filter="data")
    nothing = tmp_path / "nothing"
    nothing.mkdir()
    environment = {
        "PATH": str(nothing),
        "HOME": str(nothing),
        "PIP_NO_INDEX": "1",
        "SOURCE_DATE_EPOCH": extension.SOURCE_DATE_EPOCH,
        **dict.fromkeys(("http_proxy", "https_proxy"), "http://127.0.0.1:9"),
    }
    if "SYSTEMROOT" in os.environ:
        environment["SYSTEMROOT"] = os.environ["SYSTEMROOT"]
    done = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path / "out")],
        cwd=tmp_path / f"litestate-{VERSION}",
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    [built] = (tmp_path / "out").iterdir()
    assert built.name == wheel.name
    assert content(built) == content(wheel)


def test_the_wheels_of_kernels_are_those_of_the_site_lock() -> None:
    text = (EXTENSION / "kernel" / "requirements.txt").read_text(encoding="utf-8")
    required = dict(re.findall(r"^(\S+)==\S+ \\\n\s+--hash=sha256:([0-9a-f]{64})$", text, re.M))
    assert required.keys() == {"cloudpickle", "pathspec"}
    lock = json.loads(SITE_LOCK.read_text(encoding="utf-8"))
    locked = {
        entry["name"]: entry["sha256"] for entry in lock["packages"] if entry["name"] in required
    }
    assert locked == required


def test_the_build_requirements_are_those_of_the_build() -> None:
    project = tomllib.loads((EXTENSION / "pyproject.toml").read_text(encoding="utf-8"))
    pinned = dict(PINNED.findall((REQUIREMENTS / "build.txt").read_text(encoding="utf-8")))
    requires = map(Requirement, project["build-system"]["requires"])
    wanted = {canonicalize_name(it.name): str(it.specifier) for it in requires}
    assert wanted.pop("pip") == ">=23.2"
    assert wanted == {name: f"=={pinned[name]}" for name in wanted}
