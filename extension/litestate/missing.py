"""Name what the notebook uses although the bundle does not have it."""

from __future__ import annotations

from collections.abc import Container, Iterator

from . import outside, places
from .items import Survey
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
    if found.scope.paths is None and (places.IN_BROWSER or found.taken is not None):
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
    here = {item.place for item in found.items if item.place not in unsaved}
    where = places.detect()
    for place in sorted(needed.keys() - here):
        variables = " and ".join(f"`{name}`" for name in sorted(needed[place])[:_SHOWN])
        verb = "is" if len(needed[place]) == 1 else "are"
        path = where.path(place)
        label = where.show(path)
        size = f" ({size_text(path.stat().st_size)})" if path.is_file() else ""
        yield (
            f"{variables} {verb} connected to {label}{size}, which is not in this bundle: where "
            f"that file is missing, {variables} cannot be loaded. Add it with "
            f"include={[label]!r}."
        )


def _outside() -> Iterator[str]:
    files = outside.files()
    if not files:
        return
    shown = [f"{path} ({size_text(size)})" for path, size in files[:_SHOWN]]
    more = f" and {len(files) - _SHOWN:,} more" if len(files) > _SHOWN else ""
    what = "it is" if len(files) == 1 else "they are"
    yield (
        f"Not in this bundle: {', '.join(shown)}{more}. The notebook uses "
        f"{'it' if len(files) == 1 else 'them'}, but {what} outside of the folders that are "
        f"saved. Copy {'it' if len(files) == 1 else 'them'} beside the notebook, and use the copy."
    )
