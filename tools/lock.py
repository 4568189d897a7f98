"""Update of `site.lock.json`, from the official Pyodide lock and `requirements/site.in`.

Two Pyodide versions take part. The runtime is 314.0.6, which the kernel is made for. The
compiled packages are the builds of 314.0.4: their ABI (2026_0) is the same, and they are
what can be had without the Pyodide CDN too, byte for byte, inside a package on PyPI. For the
builds of 314.0.5 and later the CDN is the only place.
"""

from __future__ import annotations

import json
import tarfile
import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools import files, registries, sitelock, wheelinfo
from tools.console import BuildError, step
from tools.paths import REQUIREMENTS, SITE_LOCK, WORK
from tools.sitelock import LockedFile, LockedPackage, Source

RUNTIME = "314.0.6"
BUILDS = "314.0.4"
# Carries official wheels as data, with the hashes that the lock of BUILDS names.
CARRIER = "open-webui==0.12.4"
# Carries the kernel's own wheels.
KERNEL = "jupyterlite-pyodide-kernel==0.8.6"
RUNTIME_FILES = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "python_stdlib.zip")


def remake() -> None:
    """Write `site.lock.json` anew.

    Raises
    ------
    BuildError
        If a wanted package can't be had for Pyodide, or a place can't be reached.
    """
    with files.scratch_folder(WORK) as scratch:
        step(f"reading the locks of Pyodide {RUNTIME} and {BUILDS}")
        runtime_folder = _npm_package(f"pyodide@{RUNTIME}", scratch)
        builds_folder = _npm_package(f"pyodide@{BUILDS}", scratch)
        official = _load(builds_folder / "pyodide-lock.json")
        info = _load(runtime_folder / "pyodide-lock.json")["info"]
        if official["info"]["abi_version"] != info["abi_version"]:
            raise BuildError(f"Pyodide {RUNTIME} and {BUILDS} differ in their ABI")
        step("reading the packages")
        resolver = Resolver(official["packages"], scratch)
        packages = resolver.resolve(_wanted())
        runtime = [_runtime_file(runtime_folder / name, RUNTIME) for name in RUNTIME_FILES]
        # What other packages there are, for the users who are online.
        runtime.append(_runtime_file(builds_folder / "pyodide-lock.json", BUILDS))
    lock = sitelock.SiteLock(RUNTIME, info, tuple(runtime), tuple(packages))
    files.write_text(SITE_LOCK, sitelock.dump(lock))
    step(f"{SITE_LOCK.name}: {len(lock.files)} files, {sum(f.size for f in lock.files):,} bytes")


def _wanted() -> list[Requirement]:
    lines = (REQUIREMENTS / "site.in").read_text(encoding="utf-8").splitlines()
    words = (line.partition("#")[0].strip() for line in lines)
    return [Requirement(word) for word in words if word]


def _npm_package(spec: str, scratch: Path) -> Path:
    folder = scratch / spec
    folder.mkdir()
    with tarfile.open(registries.npm_pack(spec, folder)) as tar:
        tar.extractall(folder, filter="data")
    return folder / "package"


def _load(path: Path) -> dict[str, Any]:
    data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return data


def _runtime_file(path: Path, version: str) -> LockedFile:
    return LockedFile(
        name=path.name,
        version=version,
        file_name=path.name,
        sha256=files.sha256_of(path),
        size=path.stat().st_size,
        sources=(Source("cdn", version), Source("npm", f"pyodide@{version}")),
    )


class Resolver:
    """A resolver that finds a wheel for each package and each dependency.

    Parameters
    ----------
    official : dict
        The `packages` of the official lock.
    scratch : Path
        Where to download to.
    """

    def __init__(self, official: dict[str, Any], scratch: Path) -> None:
        self.official = official
        self.carried = _unpack_wheels(CARRIER, scratch / "carrier")
        self.kernel = _unpack_wheels(KERNEL, scratch / "kernel")
        self.downloads = scratch / "downloads"

    def resolve(self, wanted: Iterable[Requirement]) -> list[LockedPackage]:
        """Return the wanted packages and all they depend on."""
        specs: dict[str, str] = {
            canonicalize_name(requirement.name): str(requirement) for requirement in wanted
        }
        todo: list[str] = list(specs)
        done: dict[str, LockedPackage] = {}
        while todo:
            name = todo.pop()
            if name not in done:
                done[name] = self._lock(name, specs.get(name, name))
                todo += done[name].depends
        return list(done.values())

    def _lock(self, name: str, spec: str) -> LockedPackage:
        official = self.official.get(name)
        if official and (path := self.carried.get(official["file_name"])):
            if files.sha256_of(path) != official["sha256"]:
                raise BuildError(f"{path.name} inside {CARRIER} isn't the official build")
            return _package(path, Source("cdn", BUILDS), Source("inside", CARRIER))
        for path in self.kernel.values():
            if wheelinfo.read(path).name == name:
                return _package(path, Source("inside", KERNEL))
        path = self._download(f"{name}=={official['version']}" if official else spec)
        return _package(path, Source("pypi", f"{name}=={wheelinfo.read(path).version}"))

    def _download(self, spec: str) -> Path:
        folder = self.downloads / spec
        registries.pip_download([spec], folder, "--platform", "any", "--python-version", "3.14")
        return next(folder.glob("*.whl"))


def _unpack_wheels(spec: str, folder: Path) -> dict[str, Path]:
    """Return the wheels inside a wheel, by file name."""
    registries.pip_download([spec], folder, "--ignore-requires-python")
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as outer:
        members = [name for name in outer.namelist() if name.endswith(".whl")]
        return {name.rpartition("/")[2]: Path(outer.extract(name, folder)) for name in members}


def _package(path: Path, *sources: Source) -> LockedPackage:
    info = wheelinfo.read(path)
    step(f"  {info.name} {info.version}")
    return LockedPackage(
        name=info.name,
        version=info.version,
        file_name=path.name,
        sha256=files.sha256_of(path),
        size=path.stat().st_size,
        sources=sources,
        depends=info.depends,
        imports=info.imports,
    )
