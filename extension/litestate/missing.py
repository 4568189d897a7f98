"""Name what the notebook uses although the bundle does not have it."""

from __future__ import annotations

from collections.abc import Container, Iterator

from . import outside, places
from .items import Survey
from .platform import IN_BROWSER
from .report.words import size_text
from .variables.connected import databases_of

_SHOWN = 5


def missing(found: Survey, unsaved: Container[str] = ()) -> list[str]:
    """Return a sentence for each database and file that is needed and not saved.

    Parameters
    ----------
    found : Survey
        What is saved.
    unsaved : container of str
        Places of what could not be saved after all.
    """
    texts = list(_databases(found, unsaved))
    # A program has paths for many reasons, and only in the site is it known what was read.
    if found.scope.paths is None and (IN_BROWSER or found.taken is not None):
        texts += _outside()
    return texts


def _databases(found: Survey, unsaved: Container[str]) -> Iterator[str]:
    """Yield what connections that are saved will not find."""
    if found.taken is None:
        return
    needed: dict[str, set[str]] = {}
    for group in found.taken.groups:
        for name, place in databases_of(group):
            needed.setdefault(place, set()).add(name)
    here = {
        f"{item.root.name}/{item.relative}" for item in found.items if item.place not in unsaved
    }
    failed = {f"{it.root.name}/{it.relative}" for it in found.items} - here
    for place in sorted(needed.keys() - here):
        variables = [f"`{name}`" for name in sorted(needed[place])]
        yield _database(place, " and ".join(variables[:_SHOWN]), is_named=place in failed)


def _database(place: str, variables: str, *, is_named: bool) -> str:
    where = places.detect()
    path = where.path(place)
    label = where.show(path)
    verb = "are" if " and " in variables else "is"
    size, advice = (
        "",
        "The file is not there any more: copy what the connection still has into a new one.",
    )
    if path.is_file():
        size = f" ({size_text(path.stat().st_size)})"
        # Of what could not be saved, the report says why, and what to do.
        advice = "" if is_named else f"Add it with include={[label]!r}."
    text = (
        f"{variables} {verb} connected to {label}{size}, which is not in this bundle: where that "
        f"file is missing, {variables} cannot be loaded. {advice}"
    )
    return text.rstrip()


def _outside() -> Iterator[str]:
    files = outside.files()
    if not files:
        return
    shown = [f"{path} ({size_text(size)})" for path, size in files[:_SHOWN]]
    more = f" and {len(files) - _SHOWN:,} more" if len(files) > _SHOWN else ""
    they_are, them = ("it is", "it") if len(files) == 1 else ("they are", "them")
    yield (
        f"Not in this bundle: {', '.join(shown)}{more}. The notebook uses {them}, but {they_are} "
        f"outside of the folders that are saved. Copy {them} beside the notebook, and use the copy."
    )
