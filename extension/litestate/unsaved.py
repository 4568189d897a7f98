"""Say what the browser's storage does not hold."""

from __future__ import annotations

from collections.abc import Container
from pathlib import Path

from .places import Places


def notes(where: Places, among: Container[Path] | None = None) -> list[str]:
    """Return a sentence for each file of the notebook's folder that is in memory only.

    Parameters
    ----------
    where : Places
        The root folders of the session.
    among : container of pathlib.Path, optional
        Which files are meant, by default all.
    """
    return [
        f"{where.show(path)} is in memory only, the browser's storage does not hold it: {reason}. "
        "A reload loses it; a bundle or a checkpoint keeps it."
        for path, reason in sorted(where.unsaved().items())
        if among is None or path in among
    ]
