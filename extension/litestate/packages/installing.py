"""Comparison of a saved package list with this session, and installation of missing packages."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ..bundle.manifest import Skipped
from ..platform import IN_BROWSER
from ..trust import trust_advice
from .package_list import Added, distributions, from_json, normalized


@dataclass(frozen=True)
class Missing:
    """A package of a saved state that is missing here, or here in another version.

    Attributes
    ----------
    name, version : str
        Name and version in the saved state.
    here : str or None
        The version that is here; None if the package is missing.
    imports : tuple of str
        Its top-level modules.
    added : Added or None
        How to install it again in the site; None if it was not installed beyond the site.
    """

    name: str
    version: str
    here: str | None
    imports: tuple[str, ...]
    added: Added | None = None


@dataclass
class Installed:
    """The result of installing packages again.

    Attributes
    ----------
    done : list of Missing
        Packages that are installed now.
    skipped : list of Skipped
        Packages that are not, and why.
    warnings : list of str
        Caveats.
    """

    done: list[Missing] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def missing(document: dict[str, Any], modules: Iterable[str] | None = None) -> list[Missing]:
    """Return the packages of a saved state that are missing here, or here in another version.

    In the site, a package in the site's lock is not missing: an import loads it.

    Parameters
    ----------
    document : dict
        A document of `read`.
    modules : iterable of str, optional
        Top-level modules. Of the packages that were not installed beyond the site, only those with
        one of these modules count; the others are parts of the kernel itself. By default all.
    """
    found: list[Missing] = []
    wanted = None if modules is None else set(modules)
    added = {it.name: it for it in map(from_json, document.get("added", []))}
    saved = {
        name: (it["version"], tuple(it.get("imports", ())))
        for name, it in document.get("imported", {}).items()
        if wanted is None or not wanted.isdisjoint(it.get("imports", ()))
    }
    saved |= {it.name: (it.version, it.imports) for it in added.values()}
    for name, (version, imports) in sorted(saved.items()):
        here = _version(name)
        if here == version or (here is None and _is_in_lock(name, version)):
            continue
        found.append(Missing(name, version, here, imports, added.get(name)))
    return found


def advice(absent: Iterable[Missing]) -> str:
    """Return the command that installs missing packages in plain Python, or an empty text.

    Examples
    --------
    >>> advice([Missing("a", "1.2", None, ("a",)), Missing("b", "3", "2", ("b",))])
    'pip install a==1.2 b==3'
    """
    requirements = [f"{it.name}=={it.version}" for it in absent]
    return f"pip install {' '.join(requirements)}" if requirements else ""


def install(absent: Iterable[Missing], *, trusted: bool) -> Installed:
    """Install packages again that were installed beyond the site. Does nothing in plain Python.

    The hash of each wheel must be that of the wheel that was installed before. A package that
    cannot be installed does not stop the others.

    Parameters
    ----------
    absent : iterable of Missing
        Result of `missing`.
    trusted : bool
        Whether to install them: this lets their code run.

    Raises
    ------
    NeedsAsyncError
        If this browser cannot wait inside a call.
    """
    installed = Installed()
    wanted = [it for it in absent if _wants_install(it, installed, trusted)]
    if wanted:
        from ..browser import package_install

        outcome = package_install.install([it.added for it in wanted if it.added])
        importlib.invalidate_caches()
        for it in wanted:
            _record(it, outcome.get(it.name), installed)
    return installed


def _wants_install(it: Missing, installed: Installed, trusted: bool) -> bool:
    what = f"package {it.name}=={it.version}"
    if it.added is None or not IN_BROWSER:
        reason = f"version {it.here} is here" if it.here else "is not installed here"
        how = f"For the saved version, run: {advice([it])}" if trusted and not IN_BROWSER else ""
        installed.skipped.append(Skipped(what, reason, how))
        return False
    if it.added.url is None:
        reason = "was installed from a file, so it cannot be installed again"
        installed.skipped.append(Skipped(what, reason, "Install it yourself, and load again."))
        return False
    if not trusted:
        reason = f"would be installed from {it.added.url}"
        installed.skipped.append(Skipped(what, reason, trust_advice()))
        return False
    return True


def _record(it: Missing, trouble: str | None, installed: Installed) -> None:
    if trouble is not None:
        how = "Install it yourself, and load again."
        installed.skipped.append(Skipped(f"package {it.name}=={it.version}", trouble, how))
        return
    installed.done.append(it)
    if it.here and any(module in sys.modules for module in it.imports):
        installed.warnings.append(
            f"{it.name} was {it.here} and is {it.version} now, but the old version is imported: "
            "restart the kernel, and load again."
        )


def _version(name: str) -> str | None:
    distribution = distributions().get(normalized(name))
    return distribution.version if distribution else None


def _is_in_lock(name: str, version: str) -> bool:
    if not IN_BROWSER:
        return False
    from ..browser.package_install import locked_version

    return locked_version(normalized(name)) == version
