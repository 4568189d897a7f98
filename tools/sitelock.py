"""`site.lock.json`: every file of the Pyodide runtime and every wheel that the site serves.

The sha256 is what is trusted. `from` only says where the bytes may be found, in a form that
names no host: a version on the Pyodide CDN, an npm or a PyPI package, or a member of one.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.console import BuildError

FORMAT = 1
SOURCE_KINDS = ("cdn", "npm", "pypi", "inside")


@dataclass(frozen=True)
class Source:
    """One place where a file may come from.

    Attributes
    ----------
    kind : str
        ``cdn``: the Pyodide CDN, `spec` is a Pyodide version.
        ``npm``: a member of an npm package. ``pypi``: a wheel on PyPI.
        ``inside``: a file with this name anywhere inside a wheel on PyPI.
    spec : str
        Which one, with its version: ``pyodide@314.0.6``, ``ipython==9.12.0``.
    """

    kind: str
    spec: str


@dataclass(frozen=True)
class LockedFile:
    """A file known by its hash (hexadecimal SHA-256) and size (bytes)."""

    name: str
    version: str
    file_name: str
    sha256: str
    size: int
    sources: tuple[Source, ...]

    def spec_for(self, kind: str) -> str | None:
        """Return the specification for a kind of place, or None if it doesn't have this file."""
        return next((source.spec for source in self.sources if source.kind == kind), None)


@dataclass(frozen=True)
class LockedPackage(LockedFile):
    """A wheel, with the names it needs and the names that `import` finds in it."""

    depends: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()


@dataclass(frozen=True)
class SiteLock:
    """All of `site.lock.json`.

    Attributes
    ----------
    pyodide : str
        The version of the runtime.
    info : dict
        The `info` part of the official `pyodide-lock.json`: Python version and ABI.
    runtime, packages : tuple
        The files.
    """

    pyodide: str
    info: dict[str, str]
    runtime: tuple[LockedFile, ...]
    packages: tuple[LockedPackage, ...]

    @property
    def files(self) -> tuple[LockedFile, ...]:
        """Everything that has to be fetched."""
        return (*self.runtime, *self.packages)


def read(path: Path) -> SiteLock:
    """Read a lock file.

    Parameters
    ----------
    path : Path
        `site.lock.json`.

    Returns
    -------
    SiteLock

    Raises
    ------
    BuildError
        If it's missing, of another format, or an entry is wrong; the entry is named.
    """
    remedy = "run `python3 build.py lock` to make it again, or restore it from git"
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise BuildError(f"{path.name} is missing; {remedy}") from None
    except ValueError as error:
        raise BuildError(f"{path.name} is not JSON ({error}); {remedy}") from None
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        found = data.get("format") if isinstance(data, dict) else None
        raise BuildError(f"{path.name} has format {found}, expected {FORMAT}; {remedy}")
    try:
        return SiteLock(
            pyodide=data["pyodide"],
            info=data["info"],
            runtime=tuple(LockedFile(**_common(entry)) for entry in data["runtime"]),
            packages=tuple(
                LockedPackage(
                    **_common(entry),
                    depends=tuple(entry["depends"]),
                    imports=tuple(entry["imports"]),
                )
                for entry in data["packages"]
            ),
        )
    except KeyError as error:
        raise BuildError(f"{path.name} lacks the key {error}; {remedy}") from None
    except ValueError as error:
        raise BuildError(f"{path.name}: {error}; {remedy}") from None


def _common(entry: dict[str, Any]) -> dict[str, Any]:
    name = entry["name"]
    if not re.fullmatch(r"[0-9a-f]{64}", entry["sha256"]):
        raise ValueError(f"{name} has no valid sha256")
    # It becomes a path in the cache and in the site.
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9._+-]*", entry["file_name"]):
        raise ValueError(f"{name} has a file_name that isn't a plain name")
    sources = tuple(Source(*pair) for place in entry["from"] for pair in place.items())
    for source in sources:
        if source.kind not in SOURCE_KINDS:
            raise ValueError(f"{name} comes from {source.kind!r}, which is unknown")
    return {
        "name": name,
        "version": entry["version"],
        "file_name": entry["file_name"],
        "sha256": entry["sha256"],
        "size": entry["size"],
        "sources": sources,
    }


def dump(lock: SiteLock) -> str:
    """Return the text of a lock file, sorted so that two locks can be compared line by line."""
    data = {
        "format": FORMAT,
        "pyodide": lock.pyodide,
        "info": lock.info,
        "runtime": [_entry(file) for file in lock.runtime],
        "packages": [
            {**_entry(package), "depends": list(package.depends), "imports": list(package.imports)}
            for package in sorted(lock.packages, key=lambda package: package.name)
        ],
    }
    return json.dumps(data, indent=2) + "\n"


def _entry(file: LockedFile) -> dict[str, Any]:
    return {
        "name": file.name,
        "version": file.version,
        "file_name": file.file_name,
        "sha256": file.sha256,
        "size": file.size,
        "from": [{source.kind: source.spec} for source in file.sources],
    }
