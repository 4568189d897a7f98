"""Installed distributions, and the document ``packages/installed.json`` that lists packages."""

from __future__ import annotations

import functools
import importlib
import importlib.metadata
import json
import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import Distribution
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from ..bundle.json_checks import damaged, mapping, parse, sequence, text
from ..bundle.manifest import Skipped
from ..platform import IN_BROWSER, shell_started

_MOST = 5_000
"""Packages in a document. The largest lock of Pyodide has fewer than 400."""

_SHA256 = re.compile("[0-9a-f]{64}")
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,200}[A-Za-z0-9])?")
"""https://packaging.python.org/specifications/name-normalization"""
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9.!+_-]{0,200}")
_MODULE = re.compile(r"\w{1,200}")

# Files that micropip and Pyodide write into a .dist-info folder (micropip/wheelinfo.py).
_SOURCE = "PYODIDE_SOURCE"
_URL = "PYODIDE_URL"
_HASH = "PYODIDE_SHA256"
_REQUIRES = "PYODIDE_REQUIRES"
_OF_SITE = "pyodide"
"""Content of `_SOURCE` for a package of the site."""

_OWN = "litestate"
"""Never installed again: half of it would be the old version, the other half the new one."""


@dataclass(frozen=True)
class Added:
    """A package that was installed beyond those of the site.

    Attributes
    ----------
    name, version : str
        As in its metadata.
    url : str or None
        Address of its wheel. None if it came from a file or a program: then it cannot be installed
        again.
    sha256 : str or None
        Hash of its wheel, hexadecimal.
    depends : tuple of str
        Names of the packages that it depends on.
    imports : tuple of str
        Its top-level modules.
    """

    name: str
    version: str
    url: str | None
    sha256: str | None
    depends: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()

    @property
    def requirement(self) -> str:
        """The requirement for pip."""
        return f"{self.name}=={self.version}"


def packages_of(modules: Iterable[str]) -> dict[str, str]:
    """Return the installed distributions that modules belong to.

    Parameters
    ----------
    modules : iterable of str
        Names of modules; for ``a.b`` the top-level module counts.

    Returns
    -------
    dict of str to str
        The module as it was named, to the name of its distribution. Modules of Python itself and
        of the notebook's files are not in it.
    """
    owners = {module: it.name for it in distributions().values() for module in modules_of(it)}
    tops = {module: module.partition(".")[0] for module in modules}
    return {module: owners[top] for module, top in tops.items() if top in owners}


def normalized(name: str) -> str:
    """Return a distribution's name in the form that indexes and locks use.

    Examples
    --------
    >>> normalized("Python_Dateutil")
    'python-dateutil'
    """
    return re.sub(r"[-_.]+", "-", name).lower()


class Known(NamedTuple):
    """An installed distribution.

    Attributes
    ----------
    name, version : str
        As in its metadata, which takes long to read.
    files : importlib.metadata.Distribution
        Its files.
    """

    name: str
    version: str
    files: Distribution


@functools.lru_cache(maxsize=1)
def _known(stamp: tuple[Any, ...]) -> dict[str, Known]:
    del stamp  # A new stamp misses the cache.
    importlib.invalidate_caches()
    modules_of.cache_clear()
    found: dict[str, Known] = {}
    for distribution in importlib.metadata.distributions():
        # The rest of a broken installation has no metadata.
        if not (distribution.read_text("METADATA") or distribution.read_text("PKG-INFO")):
            continue
        metadata = distribution.metadata
        if metadata["Name"] and metadata["Version"]:
            # Python imports the first of two.
            known = Known(metadata["Name"], metadata["Version"], distribution)
            found.setdefault(normalized(known.name), known)
    return found


def distributions() -> dict[str, Known]:
    """Return the installed distributions by their normalized names."""
    # Adding or removing a .dist-info folder changes the time of the folder that it is in. The
    # current folder (an empty entry) is not watched: its time changes with every file.
    return _known(tuple((entry, _time(entry)) for entry in sys.path if entry))


def _time(entry: str) -> int:
    try:
        return Path(entry).stat().st_mtime_ns
    except (OSError, ValueError):
        return 0


@functools.lru_cache(maxsize=4096)
def modules_of(known: Known) -> frozenset[str]:
    """Return the top-level modules of a distribution."""
    listed = known.files.read_text("top_level.txt")
    if listed is not None:
        return frozenset(listed.split())
    names = set()
    for file in known.files.files or ():
        first, suffix = file.parts[0], file.suffix
        if len(file.parts) == 1:
            names.add(first.partition(".")[0] if suffix in (".py", ".so", ".pyd") else "")
        elif suffix in (".py", ".so", ".pyd") and first != "..":
            names.add(first)
    return frozenset(name for name in names if name.isidentifier())


def describe() -> dict[str, Any]:
    """Return the packages installed beyond the site, and the versions of imported packages.

    Returns
    -------
    dict
        ``added``: list of dicts with the attributes of `Added`, by name; empty outside of the
        site. ``imported``: name of a distribution to ``{"version", "imports"}``, for those with an
        imported module.
    """
    known = distributions()
    added = [_added(it) for it in known.values()] if IN_BROWSER else []
    present = {module.partition(".")[0] for module in sys.modules}
    imported = {
        it.name: {"version": it.version, "imports": sorted(modules_of(it) & present)}
        for it in known.values()
        if not modules_of(it).isdisjoint(present)
    }
    return {
        "added": [_as_json(it) for it in sorted(filter(None, added), key=lambda it: it.name)],
        "imported": dict(sorted(imported.items())),
    }


def dump(document: dict[str, Any]) -> bytes:
    """Return a document as bytes for a bundle. Equal documents give equal bytes."""
    return json.dumps(document, ensure_ascii=False, indent=1).encode()


def read(data: bytes, what: str = "packages/installed.json") -> dict[str, Any]:
    """Return the checked document of a member of a bundle.

    Raises
    ------
    DamagedBundleError
        If litestate would not have written it.
    """
    document = parse(data, what)
    check(document)
    return document


def check(document: dict[str, Any]) -> None:
    """Refuse a document that litestate would not have written.

    Raises
    ------
    DamagedBundleError
        With the reason.
    """
    for entry in sequence(document.get("added", []), "The list of packages", _MOST):
        package = mapping(entry, "A package")
        _check_name(package.get("name"), package.get("version"))
        _check_source(package.get("url"), package.get("sha256"))
        for name in sequence(package.get("depends", []), "What a package needs", _MOST):
            _match(_NAME, name, "A package's name")
        _check_modules(package.get("imports", []))
    imported = mapping(document.get("imported", {}), "The list of imported packages")
    if len(imported) > _MOST:
        raise damaged("The list of imported packages", f"has {len(imported):,} entries")
    for name, facts in imported.items():
        _check_name(name, mapping(facts, "A package").get("version"))
        _check_modules(facts.get("imports", []))


def left_out(document: dict[str, Any]) -> list[Skipped]:
    """Return the packages that cannot be installed again, for the report of a save."""
    return [
        Skipped(
            f"package {it.requirement}",
            "was installed from a file, so a load cannot install it again",
            "Install it yourself after loading, before you use its variables.",
        )
        for it in map(from_json, document.get("added", []))
        if it.url is None
    ]


@functools.lru_cache(maxsize=4096)
def _added(known: Known) -> Added | None:
    distribution = known.files
    source = distribution.read_text(_SOURCE)
    if source is None or source.strip() == _OF_SITE or normalized(known.name) == _OWN:
        return None
    if _came_with_kernel(distribution):
        return None
    url = (distribution.read_text(_URL) or source).strip()
    sha256 = (distribution.read_text(_HASH) or "").strip()
    try:
        depends = json.loads(distribution.read_text(_REQUIRES) or "[]")
    except ValueError:
        depends = []
    return Added(
        known.name,
        known.version,
        url if _is_web(url) else None,
        sha256 if _SHA256.fullmatch(sha256) else None,
        tuple(depends),
        tuple(sorted(modules_of(known))),
    )


def _came_with_kernel(distribution: Distribution) -> bool:
    """Tell whether a package was there before any cell could install it.

    At its start a kernel loads wheels by their addresses (those of litestate), and on sites without
    a Pyodide of their own it also installs the rest of IPython from an index.
    """
    started = shell_started()
    folders = {file.parts[0] for file in distribution.files or ()}
    info = next((name for name in folders if name.endswith(".dist-info")), None)
    if started is None or info is None:
        return False
    # Pyodide and micropip write it when they install the package.
    return Path(str(distribution.locate_file(info)), _SOURCE).stat().st_mtime < started


def _is_web(url: str) -> bool:
    return urlsplit(url).scheme in ("http", "https")


def _as_json(package: Added) -> dict[str, Any]:
    return {
        "name": package.name,
        "version": package.version,
        "url": package.url,
        "sha256": package.sha256,
        "depends": list(package.depends),
        "imports": list(package.imports),
    }


def from_json(entry: dict[str, Any]) -> Added:
    """Return the package of a checked entry of ``added``."""
    depends, imports = (tuple(entry.get(part, ())) for part in ("depends", "imports"))
    url, sha256 = entry.get("url"), entry.get("sha256")
    return Added(entry["name"], entry["version"], url, sha256, depends, imports)


def _check_name(name: object, version: object) -> None:
    _match(_NAME, name, "A package's name")
    _match(_VERSION, version, "A package's version")


def _check_source(url: object, sha256: object) -> None:
    if url is not None and not _is_web(text(url, "A package's URL", 4096)):
        raise damaged("A package's URL", "is not an http or https address")
    if sha256 is not None:
        _match(_SHA256, sha256, "A package's hash")


def _check_modules(value: object) -> None:
    for module in sequence(value, "A package's modules", _MOST):
        _match(_MODULE, module, "A package's module")


def _match(pattern: re.Pattern[str], value: object, what: str) -> None:
    if not pattern.fullmatch(text(value, what, 1000)):
        raise damaged(what, "has characters that are not allowed")
