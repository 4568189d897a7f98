"""Packages in the kernel: installation from wheels, and loading from the site."""

from __future__ import annotations

import asyncio
import hashlib
import importlib
import importlib.metadata
import json
import shutil
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

import pyodide_js
from pyodide.ffi import JsException, to_js
from pyodide.http import pyfetch

from .kernel import wait_in_call

_LONGEST = 120.0
"""Seconds for the download of one wheel."""

_ADVICE = (
    "This browser cannot wait inside a call (it lacks JSPI), so that packages cannot be installed "
    "from here. Use `await litestate.aload_state(…)`."
)


class Wheel(Protocol):
    """A package that was installed from a wheel; see `litestate.packages.Added`."""

    @property
    def name(self) -> str:
        """Normalized name."""

    @property
    def version(self) -> str:
        """Version of the wheel."""

    @property
    def url(self) -> str | None:
        """Address of the wheel."""

    @property
    def sha256(self) -> str | None:
        """Hash of the wheel, in hexadecimal digits; None if it is not known."""

    @property
    def depends(self) -> Sequence[str]:
        """Names of the packages that it needs."""


def locked_version(name: str) -> str | None:
    """Return the version of a package that the site has, or None.

    Parameters
    ----------
    name : str
        Normalized name. A package that only another server has is not the site's.
    """
    entry = _entry(name)
    if entry is None or "://" in str(entry.file_name):
        return None
    return str(entry.version)


def provide(modules: Iterable[str], advice: str = _ADVICE) -> dict[str, str]:
    """Load the site's own packages that these top-level modules are in.

    Pyodide does this by itself only for an ``import`` in the text of a cell.

    Parameters
    ----------
    modules : iterable of str
        Names of modules. Those that the site does not have are ignored.
    advice : str, optional
        Message of the error: what to do in a browser that cannot wait.

    Returns
    -------
    dict of str to str
        Module to the reason why it could not be loaded.

    Raises
    ------
    NeedsAsyncError
        If this browser cannot wait inside of a call.
    """
    wanted = list(modules)
    return wait_in_call(aprovide(wanted), advice) if _owners(wanted) else {}


async def aprovide(modules: Iterable[str]) -> dict[str, str]:
    """Do what `provide` does, with ``await``."""
    owners = _owners(modules)
    if not owners:
        return {}
    try:
        await _load_from_lock(set(owners.values()))
    except JsException as error:
        return dict.fromkeys(owners, f"the site's package cannot be loaded ({error})")
    importlib.invalidate_caches()
    return {}


def install(packages: Iterable[Wheel]) -> dict[str, str]:
    """Install packages from their wheels, and check the hashes.

    Parameters
    ----------
    packages : iterable of Wheel
        Wheels with a URL. Their dependencies are among them, or in the site's lock.

    Returns
    -------
    dict of str to str
        Package to the reason why it could not be installed.

    Raises
    ------
    NeedsAsyncError
        If this browser cannot wait inside of a call.
    """
    return wait_in_call(ainstall(packages), _ADVICE)


async def ainstall(packages: Iterable[Wheel]) -> dict[str, str]:
    """Do what `install` does, with ``await``."""
    trouble: dict[str, str] = {}
    depends: set[str] = set()
    for package in packages:
        try:
            await _install(package)
            depends.update(package.depends)
        except (OSError, ValueError, TypeError, RuntimeError, JsException) as error:
            trouble[package.name] = _reason(error)
    locked = {name for name in depends if locked_version(name) and not _is_installed(name)}
    if locked:
        try:
            await _load_from_lock(locked)
        except JsException as error:
            trouble.update(dict.fromkeys(locked, f"cannot be loaded from the site ({error})"))
    importlib.invalidate_caches()
    return trouble


async def _install(package: Wheel) -> None:
    micropip = importlib.import_module("micropip")
    assert package.url is not None
    data = await asyncio.wait_for(_fetch(package.url), _LONGEST)
    found = hashlib.sha256(data).hexdigest()
    if package.sha256 is not None and found != package.sha256:
        raise ValueError("the file at its URL is not the one that was installed before")
    folder = Path(tempfile.mkdtemp(prefix="litestate-wheel-"))
    try:
        # micropip does not check the hash of a wheel from a URL, so it gets the file.
        wheel = folder / Path(unquote(urlsplit(package.url).path)).name
        wheel.write_bytes(data)
        await micropip.install(f"emfs:{wheel}", deps=False, reinstall=True)
    finally:
        shutil.rmtree(folder)
    importlib.invalidate_caches()
    _sign(package)


def _sign(package: Wheel) -> None:
    """Record the origin of a package, for micropip and for the next save."""
    distribution = importlib.metadata.distribution(package.name)
    if distribution.version != package.version:
        raise ValueError(f"its wheel is version {distribution.version}")
    folder = Path(str(distribution.locate_file(""))) / _info_name(distribution)
    for name in ("PYODIDE_URL", "PYODIDE_SOURCE"):
        (folder / name).write_text(package.url or "")
    (folder / "PYODIDE_REQUIRES").write_text(json.dumps(package.depends))


def _info_name(distribution: importlib.metadata.Distribution) -> str:
    files = distribution.files or []
    return next(file.parts[0] for file in files if file.parts[0].endswith(".dist-info"))


async def _fetch(url: str) -> bytes:
    response = await pyfetch(url)
    if not response.ok:
        raise OSError(f"the server says {response.status} {response.status_text}".strip())
    return bytes(await response.bytes())


def _reason(error: BaseException) -> str:
    if isinstance(error, TimeoutError):
        return f"could not be downloaded within {_LONGEST:.0f} s"
    if isinstance(error, OSError | JsException):
        return f"could not be downloaded ({error})"
    return f"could not be installed: {error}"


def _is_installed(name: str) -> bool:
    try:
        importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


async def _load_from_lock(names: set[str]) -> None:
    await pyodide_js.loadPackage(to_js(sorted(names)))


def _entry(name: str) -> Any:
    return getattr(pyodide_js.lockfile.packages, name, None)


def _owners(modules: Iterable[str]) -> dict[str, str]:
    """Return the site's package of each module; modules without one are left out."""
    return {
        module: package
        for module in modules
        if (package := _owner(module)) is not None and locked_version(package)
    }


def _owner(module: str) -> str | None:
    # Pyodide has this table for its own imports.
    owners = pyodide_js._api._import_name_to_package_name
    return str(owners.get(module)) if owners.has(module) else None
