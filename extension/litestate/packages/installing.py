"""Compare the packages of a saved state with those that are here, and install them again."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ..manifest import Skipped
from ..platform import IN_BROWSER
from ..trust import trust_advice
from .distributions import distributions, normalized
from .document import Added, from_json


@dataclass(frozen=True)
class Missing:
    """A package that a saved state had and that is not here as it was.

    Attributes
    ----------
    name, version : str
        What there was.
    here : str or None
        The version that is here; None if there is none.
    imports : tuple of str
        Top-level modules that it has.
    added : Added or None
        How to install it again in the site; None if it was no package beyond the site.
    """

    name: str
    version: str
    here: str | None
    imports: tuple[str, ...]
    added: Added | None = None


@dataclass
class Installed:
    """What came of installing packages again.

    Attributes
    ----------
    done : list of Missing
        They are here now.
    skipped : list of Skipped
        They are not, and why.
    warnings : list of str
        What is not as a person might think.
    """

    done: list[Missing] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def missing(document: dict[str, Any], modules: Iterable[str] | None = None) -> list[Missing]:
    """Return the packages of a saved state that are not here, or in another version.

    In the site, a package that its lock has is not missing: an import loads it.

    Parameters
    ----------
    document : dict
        Of `read`.
    modules : iterable of str, optional
        Top-level modules: of packages that the site had, only those that have one of these. The
        rest is what the kernel itself is made of. By default all.
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
    """Return what to do about missing packages in plain Python, or nothing.

    Examples
    --------
    >>> advice([Missing("a", "1.2", None, ("a",)), Missing("b", "3", "2", ("b",))])
    'pip install a==1.2 b==3'
    """
    requirements = [f"{it.name}=={it.version}" for it in absent]
    return f"pip install {' '.join(requirements)}" if requirements else ""


def install(absent: Iterable[Missing], *, trusted: bool) -> Installed:
    """Install packages again that were installed beyond the site; never in plain Python.

    Each wheel must be the one that was installed before, by its hash. One that cannot be had does
    not keep the others from being installed.

    Parameters
    ----------
    absent : iterable of Missing
        Of `missing`.
    trusted : bool
        Whether code of these packages may run.

    Raises
    ------
    NeedsAsyncError
        In a browser that cannot wait.
    """
    installed = Installed()
    wanted = [it for it in absent if _wants_install(it, installed, trusted)]
    if wanted:
        from ..browser import packages

        outcome = packages.install([it.added for it in wanted if it.added])
        importlib.invalidate_caches()
        for it in wanted:
            _record(it, outcome.get(it.name), installed)
    return installed


def _wants_install(it: Missing, installed: Installed, trusted: bool) -> bool:
    what = f"package {it.name}=={it.version}"
    if it.added is None or not IN_BROWSER:
        reason = f"version {it.here} is here" if it.here else "is not installed here"
        how = f"To have what was saved, run: {advice([it])}" if trusted and not IN_BROWSER else ""
        installed.skipped.append(Skipped(what, reason, how))
        return False
    if it.added.url is None:
        reason = "was installed from a file, and nobody can say where to get it again"
        installed.skipped.append(Skipped(what, reason, "Install it again, and load once more."))
        return False
    if not trusted:
        reason = f"would be installed from {it.added.url}"
        installed.skipped.append(Skipped(what, reason, trust_advice()))
        return False
    return True


def _record(it: Missing, trouble: str | None, installed: Installed) -> None:
    if trouble is not None:
        how = "Install it yourself, and load once more."
        installed.skipped.append(Skipped(f"package {it.name}=={it.version}", trouble, how))
        return
    installed.done.append(it)
    if it.here and any(module in sys.modules for module in it.imports):
        installed.warnings.append(
            f"{it.name} was {it.here} and is {it.version} now, but the old one is imported: "
            "restart the kernel, and load once more."
        )


def _version(name: str) -> str | None:
    distribution = distributions().get(normalized(name))
    return distribution.version if distribution else None


def _is_in_lock(name: str, version: str) -> bool:
    if not IN_BROWSER:
        return False
    from ..browser.packages import locked_version

    return locked_version(normalized(name)) == version
